"""A server that speaks MongoDB's wire protocol and has its answers ready, so that only the driver's side is measured.

Run by `bench.scans` as a process of its own: ``python -m bench.replies ROWS``. Every ``find`` is answered with the same
ten thousand rows again and again, as they would come from the log: with its own field, or without it where the
question leaves it out.
"""

from __future__ import annotations

import socketserver
import struct
import sys

import bson
from bench.store_append import SCHEMA, arrow, columns

from modelvane.store.mongodb.documents import prepare
from modelvane.store.mongodb.labelling import with_label
from modelvane.store.mongodb.layout import Layout
from modelvane.store.mongodb.values import OWN
from modelvane.table import Table

BATCH = 10_000
_MESSAGE = 2013
_HELLO = {"isWritablePrimary": True, "maxWireVersion": 21, "minWireVersion": 0, "readOnly": False, "ok": 1.0}
_SIZES = {"maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48 * 10**6, "maxWriteBatchSize": 100_000}


def cursor(name: str, documents: list[bytes], key: int) -> bytes:
    """Give the answer with a batch of documents."""
    items = b"".join(b"\x03%d\x00" % place + document for place, document in enumerate(documents))
    array = struct.pack("<i", len(items) + 5) + items + b"\x00"
    head = b"\x04" + name.encode() + b"\x00" + array
    head += bson.encode({"id": bson.Int64(key), "ns": "bench.data"})[4:]
    inner = struct.pack("<i", len(head) + 4) + head
    body = b"\x03cursor\x00" + inner + bson.encode({"ok": 1.0})[4:]
    return struct.pack("<i", len(body) + 4) + body


class Answers(socketserver.StreamRequestHandler):
    """One connection."""

    server: Server

    def handle(self) -> None:
        """Answer until the other side leaves."""
        while head := self.rfile.read(16):
            length, request, _, _ = struct.unpack("<iiii", head)
            question = self.rfile.read(length - 16)
            document = bson.decode(question[5 : 5 + struct.unpack_from("<i", question, 5)[0]])
            body = b"\x00\x00\x00\x00\x00" + self.server.answer(document)
            self.wfile.write(struct.pack("<iiii", 16 + len(body), 0, request, _MESSAGE) + body)


class Server(socketserver.ThreadingTCPServer):
    """Answers made beforehand."""

    daemon_threads = True

    def __init__(self, rows: int) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        layout = Layout.of("taxi", SCHEMA)
        documents = prepare(layout, Table.of(arrow(columns(BATCH, 0))), 1.6e9, 1, "").documents
        for place in range(0, BATCH, 2):
            with_label(
                documents[place], {"target": 1.5, "seq": place, "time": None, "received": 1.6e9}, "target"
            )
        whole = [bson.encode(document) for document in documents]
        bare = [bson.encode({k: v for k, v in d.items() if k not in ("_id", OWN)}) for d in documents]
        self._more = {kind: cursor("nextBatch", found, kind) for kind, found in ((1, whole), (2, bare))}
        self._last = {kind: cursor("nextBatch", found, 0) for kind, found in ((1, whole), (2, bare))}
        self._first = {kind: cursor("firstBatch", found, kind) for kind, found in ((1, whole), (2, bare))}
        self._turns = rows // BATCH
        self._left = 0

    def answer(self, question: dict[str, object]) -> bytes:
        """Answer one question."""
        match next(iter(question)):
            case "find" if question["find"] == "data" and question.get("limit") is None:
                self._left = self._turns - 1
                return self._first[2 if question.get("projection") else 1]
            case "find":
                found = (
                    [{"_id": "taxi", "last_seq": 10**9}] if question["find"] == "modelvane_datasets" else []
                )
                return cursor("firstBatch", [bson.encode(one) for one in found], 0)
            case "getMore":
                self._left -= 1
                kind = int(question["getMore"])  # type: ignore[call-overload] # a number
                return self._more[kind] if self._left else self._last[kind]
            case _:
                return bson.encode(_HELLO | _SIZES)


if __name__ == "__main__":
    with Server(int(sys.argv[1])) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
