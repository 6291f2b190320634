# The system of this machine with Python, made on this machine: what python:*-slim is to those who reach Docker Hub.
FROM scratch
ADD rootfs.tar /
CMD ["python3"]
