"""A fake of the debugger's server: answers over HTTP as one does, and has no model."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"data": [{"id": f"fake on {os.environ['SLURMD_NODENAME']}"}]}).encode()
        self.send_response(200 if self.path in ("/health", "/v1/models") else 404)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Answers).serve_forever()
