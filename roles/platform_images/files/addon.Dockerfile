# One program that links to nothing, and nothing else.
FROM scratch
COPY program /program
USER 65535:65535
ENTRYPOINT ["/program"]
