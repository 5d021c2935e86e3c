"""A web server on loopback that misbehaves as the tests of `data fetch` want it.

/good/FILE     serves a file, ranges too
/cut/FILE      breaks the first two connections halfway through what was asked for
/whole/FILE    breaks the first connection halfway and knows no ranges
/moved/FILE    redirects to /good/FILE
Usage: server.py FOLDER PORT_FILE LOG_FILE
"""
import http.server
import os
import sys

folder, port_file, log_file = sys.argv[1:]
seen = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, name = self.path.strip("/").split("/", 1)
        asked = self.headers.get("Range")
        with open(log_file, "a") as log:
            log.write(f"{self.path} {asked}\n")
        seen[self.path] = seen.get(self.path, 0) + 1
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", "/good/" + name)
            self.end_headers()
            return
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            self.send_error(404)
            return
        data = open(path, "rb").read()
        begin = 0
        if asked and kind != "whole":
            begin = int(asked.removeprefix("bytes=").rstrip("-"))
            if begin >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        body = data[begin:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        breaks = {"cut": 2, "whole": 1}.get(kind, 0)
        self.wfile.write(body[: len(body) // 2] if seen[self.path] <= breaks else body)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as out:
    out.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
