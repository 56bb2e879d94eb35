# A static binary on an empty image, run by a user without rights.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN ./dev/build /outreach
# A new volume takes the rights of the folder it is mounted on. Whoever the containers run as makes a folder of their own
# in it, which nobody else may enter.
RUN install -d -m 1777 /image/state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /image/ /
COPY --from=build /outreach /outreach
USER 65532:65532
WORKDIR /project
ENTRYPOINT ["/outreach"]
