// Node's own server, which listens where PORT says.
const http = require("node:http");

const server = http.createServer((request, response) => {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ runtime: "node", path: request.url }));
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
server.listen(Number(process.env.PORT));
