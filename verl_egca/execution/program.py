"""A program in its process, for the judge: load it, call into it, and see what it defines."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from typing import Any

from verl_egca.execution.ahead import Ahead, Request
from verl_egca.execution.channel import Channel
from verl_egca.execution.exchange import Exchange, Name
from verl_egca.execution.given import Given
from verl_egca.execution.nodes import NodeTable
from verl_egca.execution.process import ANSWERS, Process
from verl_egca.execution.raised import Ended, Raised
from verl_egca.execution.remote import Unsupported
from verl_egca.execution.warm_process import WarmProcess
from verl_egca.values import named_tuples
from verl_egca.values.codec import NotPlain, decode, dumps, frame

_MOST_CASES = 1000  # for the kernel's limit of CPU time
_WHY: dict[int, str] = {signal.SIGSEGV: ", as where recursion is deeper than its stack or its memory"}


class RunningProgram:
    """One process with one program in it (or, one after the other, several texts of the same program)."""

    def __init__(self, warm: WarmProcess, limits: dict[str, Any]) -> None:
        self.process = Process(warm, limits)
        self.channel = Channel(self.process)
        self._writes = self._is_script = False
        self._report: dict[str, Any] | None = None
        self.exchange = Exchange(self)
        self._is_limited = False
        self.is_inside = False  # of a call of what a test passed, which the program made
        self._thread = threading.get_ident()
        self.new_case()

    def new_case(self) -> None:
        self._seed = True
        self.last_call: Request | None = None
        self.process.new_case()

    def load(
        self,
        source: str,
        given: Given,
        *,
        max_events: int = 0,
        max_steps: int = 0,
        ahead: Ahead | None = None,
    ) -> list[Name]:
        """Run the program's top level; the names that it defines. Raises Raised, Ended."""
        self._writes = bool(max_events)
        self.exchange.begin([])
        ahead = ahead or Ahead()
        self.process.forget_answers()
        request: dict[str, Any] = {"load": source, "events": max_events, "steps": max_steps}
        request |= {"preamble": given.preamble, "classes": given.classes, "lists": given.lists}
        request |= {"names": given.names, "keeps": given.keeps}
        if not self._is_limited:
            self._is_limited = True
            request["limits"] = self.process.kernels(_MOST_CASES, ANSWERS)
        payload = self._loading(request, f',"ahead":{ahead.text}')
        reply = self.channel.load_ahead(payload, ahead) if ahead.requests else self.channel.ask(payload)
        return self.exchange.begin(self._checked(reply).get("ok"))

    def run_script(
        self, source: str, preamble: str, stdin: str, most_output: int, max_events: int = 0, max_steps: int = 0
    ) -> None:
        """Run the program as a script until it ended, by itself or for what it used. Raises Ended."""
        self.process.give_stdin(stdin.encode("utf-8", "surrogatepass"))
        self._writes = True
        self._is_script = True
        request: dict[str, Any] = {"script": source, "preamble": preamble, "events": max_events, "steps": max_steps}
        request["limits"] = self.process.kernels(1, most_output + 1)
        self.channel.write(self._loading(request))
        self.process.wait_for_its_end()

    def failure(self) -> Raised | Ended:
        """Why a script ended with a status that is not 0, as `os.waitstatus_to_exitcode` has it."""
        status = self.process.status
        if -status == signal.SIGXCPU:
            return self.process.out_of_time()
        if status < 0:
            name = signal.strsignal(-status) or f"signal {-status}"
            return Ended("crashed", f"the process was ended: {name}{_WHY.get(-status, '')}")
        return self.exchange.raised(self._report or {"error": "SystemExit", "message": f"exit status {status}"})

    def call(self, what: str | int, /, *arguments: Any, **keywords: Any) -> Any:
        """Call one of its functions or kept objects; mutated arguments are copied back.

        Raises Raised, Ended, Unsupported.
        """
        self._check_thread()
        request, nodes = self.exchange.calling(what, arguments, keywords, self._seed)
        self._seed = False
        self.last_call = request
        reply = self.channel.answer_ahead(request)
        reply = self._ask(_payload(request)) if reply is None else self._checked(reply)
        return self.exchange.returned(reply, [*arguments, *keywords.values()], nodes)

    def operate(self, operation: str, number: Any, *operands: Any) -> Any:
        """Get or set an attribute of a kept object, or the like (see `calling`). Raises as `call`."""
        self._check_thread()
        request, nodes = self.exchange.operating(operation, number, operands)
        return self.exchange.value(self._ask(_payload(request)), nodes)

    def named(self, name: str) -> Any:
        """What the program defines by a name: its value, or what stands for it. Raises as `call`."""
        return self.exchange.value(self._ask(_payload({"name": name})))

    def number_of(self, name: str) -> Any:
        """That of the object which the program keeps by a name. Raises as `call`."""
        told = self._ask(_payload({"name": name})).get("ok")
        match told:
            case {"o": [int(number), *_]}:
                return number
        raise Ended("forged", "a name of what is no object")

    def next_items(self, number: int, count: int) -> tuple[list[Any], bool, Exception | None]:
        """The next items of a kept iterator, whether it ended, and what it raised after them."""
        self._check_thread()
        reply = self._ask(_payload({"next": number, "items": count}))
        items = self.exchange.value(reply)
        if type(items) is not list or len(items) > count:
            raise Ended("forged", f"{count} items were asked for")
        then = reply.get("then")
        return items, reply.get("ended") is True, self.exchange.raised(then) if type(then) is dict else None

    def shown_call(self, show: Callable[[Any], str]) -> str | None:
        """The last call of this case as source, with the arguments as they were."""
        if self.last_call is None or type(self.last_call["call"]) is not str:
            return None
        nodes = NodeTable([type(name, (), {})() for name, _ in self.last_call.get("nodes", ())])

        def shown(data: Any) -> Any:
            return decode(data, lambda tag, body: _unshown(tag, body, nodes))

        for node, (_, fields) in zip(nodes.objects, self.last_call.get("nodes", ()), strict=True):
            vars(node).update({name: shown(field) for name, field in fields.items()})
        args = [show(shown(argument)) for argument in self.last_call["args"]]
        args += [f"{name}={show(shown(argument))}" for name, argument in self.last_call["kwargs"].items()]
        return f"{self.last_call['call'].partition(' or ')[0]}({', '.join(args)})"

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            self.exchange.misused = "the test calls the program in a thread of its own"
            raise Unsupported(self.exchange.misused)

    def end(self, most_output: int = 0) -> bytes:
        """Kill the process, if it still lives; what it printed as a script, at most a byte more than ``most_output``."""
        if not self.process.is_alive:
            return b""
        self._report = self.channel.last_words() if self._is_script else None
        return self.process.end(writes=self._writes, most_output=most_output)

    def _loading(self, request: dict[str, Any], more: str = "") -> bytes:
        """The frame of a request with a program's text in it."""
        text = request["script"] if self._is_script else request["load"]
        self.exchange.lines = len(text.splitlines())
        try:
            return frame(f"{json.dumps(request)[:-1]}{more}}}")
        except NotPlain as error:
            raise Ended("out_of_memory", f"the program is {error}") from None

    def _ask(self, payload: bytes) -> dict[str, Any]:
        """The answer to a request, while which the program may call what the test passed to it."""
        return self._checked(self.channel.ask(payload, self._serve))

    def _serve(self, reply: dict[str, Any]) -> None:
        self.is_inside = True
        self.channel.write(_payload(self.exchange.call_back(reply)))
        self.is_inside = False

    def _checked(self, reply: dict[str, Any]) -> dict[str, Any]:
        if "error" in reply:
            raise self.exchange.raised(reply)
        return reply


class _Shown:
    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _unshown(tag: str, body: Any, nodes: NodeTable) -> Any:
    if tag == "n":
        return nodes.objects[body]
    if tag == "N":
        name, fields, _ = named_tuples.read(body[:3])
        return named_tuples.made(named_tuples.plain_class(name, fields), body[3])
    return _Shown(body if tag in ("builtin", "p", "k") else "<function>" if tag == "back" else "<object>")


def _payload(message: dict[str, Any]) -> bytes:
    try:
        return dumps(message)
    except NotPlain as error:
        raise Unsupported(f"the program is called with {error}") from None
