/* A server without anything beside it: no shell, no libraries, no files. */
#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int number) { (void)number; _exit(0); }

int main(void) {
  static const char answer[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nstatic";
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(7000)};
  int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
  signal(SIGTERM, end);
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server, (struct sockaddr *)&here, sizeof here) || listen(server, 64)) return 1;
  for (;;) {
    char request[4096];
    size_t length = 0;
    ssize_t some;
    int client = accept(server, 0, 0);
    if (client < 0) continue;
    while (length < sizeof request - 1 && (some = read(client, request + length, sizeof request - 1 - length)) > 0) {
      request[length += some] = 0;
      if (strstr(request, "\r\n\r\n")) break;
    }
    if (write(client, answer, sizeof answer - 1) < 0) { /* Whoever has left gets nothing. */ }
    shutdown(client, SHUT_WR);
    close(client);
  }
}
