# The container that holds the namespaces of a Pod: it waits, and reaps.
FROM scratch
COPY pause /pause
USER 65535:65535
ENTRYPOINT ["/pause", "-P"]
