"""The shop as something one can act in: a table of actions goes in, the next quarter's tables come out.

The shop runs in a process of its own and exchanges tables with it, nothing else: whoever decides sees what a firm would
see. A plan that breaks a rule is refused as a whole, with the reason, and the quarter waits for another.
"""

import contextlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from idic_lab import durability
from idic_lab.errors import DataError, LabError
from idic_lab.meridian import policies
from idic_lab.meridian.game import World, read_plans, standing
from idic_lab.meridian.policies import View
from idic_lab.meridian.quarters import QUARTERS
from idic_lab.meridian.settings import PEOPLE, SEED
from idic_lab.meridian.simulation import Tables


class Shop(contextlib.AbstractContextManager):
    """A shop to act in: it runs in a process of its own, and what goes in and comes out are tables.

    Parameters:
        seed: Of the customers; None draws one that only the shop knows.
        folder: Where the plans are kept: a game that was ended or killed goes on from there.
        difficulty, world, switches: As for :func:`idic_lab.meridian.simulate`.
    Raises:
        LabError: For settings that do not exist, and for a folder that holds another game.

    >>> from idic_lab.meridian import open_shop, policies
    >>> with open_shop(seed=1, n=200) as shop:
    ...     first = shop.tables["transactions"]["customer_id"].unique()[:3]
    ...     seen = shop.next(policies.actions(first, "offer", "in_person", amount=5.0))
    >>> sorted(seen)[:3]
    ['costs', 'interactions', 'opt_outs']
    """

    def __init__(
        self, seed: int | None = SEED, n: int = PEOPLE, folder: str | Path | None = None, **world: object
    ) -> None:
        self.tables: Tables = {}
        self.folder = Path(folder) if folder is not None else None
        told = {"seed": seed, "n": n, **world}
        plans = self._kept(told)
        command = [sys.executable, "-c", "from idic_lab.meridian.shop import serve; serve()"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._end = weakref.finalize(self, _end, self._process)  # also when the shop is forgotten
        try:
            self._ask("open", told | {"parent": os.getpid()})
            for plan in plans:
                self._play(plan)
        except LabError:
            self.close()
            raise

    def _kept(self, told: dict) -> list[pd.DataFrame]:
        """The plans of a game that was begun in the folder."""
        if self.folder is None:
            return []
        self.folder.mkdir(parents=True, exist_ok=True)
        game = self.folder / "game.json"
        before = json.loads(game.read_text(encoding="utf-8")) if game.exists() else None
        if told["seed"] is None:
            told["seed"] = before["seed"] if before else int.from_bytes(os.urandom(6), "big")
        if before not in (None, told):
            raise DataError(f"{game} holds another game, {before}; name another folder, or open that one.")
        durability.write_json(game, told)
        return read_plans(self.folder)

    @property
    def view(self) -> View:
        """What a policy decides on: the tables, the quarter (from 1), the budget and the calls."""
        return View(self.tables, **self._view)

    def next(self, actions: pd.DataFrame | None = None) -> Tables:
        """One quarter under a table of actions (none: everybody is left alone); its tables.

        Raises:
            LabError: For a plan that breaks a rule; the quarter has not happened then.
        """
        actions = policies.actions() if actions is None else actions
        seen = self._play(actions)
        if self.folder is not None:
            file = io.BytesIO()
            actions.reset_index(drop=True).to_parquet(file)
            durability.write(self.folder / f"quarter_{self._view['quarter'] - 1}.parquet", file.getvalue())
        return seen

    def _play(self, actions: pd.DataFrame) -> Tables:
        if not isinstance(actions, pd.DataFrame):
            raise DataError(f"A plan is a table (DataFrame) of actions, found {type(actions).__name__}.")
        return self._ask("next", {}, {"actions": actions})

    def reset(self) -> tuple[View, dict]:
        """Begin again, in the manner of Gymnasium; plans in the folder stay until they are overwritten."""
        self._ask("reset", {})
        return self.view, {}

    def step(self, actions: pd.DataFrame | None) -> tuple[View, float, bool, bool, dict]:
        """One quarter in the manner of Gymnasium: what is seen, the cash it brought, whether the game is over."""
        seen = self.next(actions)
        return self.view, float(seen["costs"]["amount"].sum()), self._view["quarter"] > QUARTERS, False, seen

    def standing(self, n_fortunes: int = 20) -> pd.DataFrame:
        """How the plans so far did; see :func:`standing`."""
        return self._ask("standing", {"n_fortunes": n_fortunes})["standing"]

    def play(self, policy: Callable[[View], pd.DataFrame], n_quarters: int = QUARTERS) -> pd.DataFrame:
        """Let a policy decide up to so many of the quarters that are left.

        Returns:
            DataFrame: ``quarter``, ``cash`` (currency), ``orders`` and ``opt_outs`` of each quarter played.
        """
        rows = []
        while self._view["quarter"] <= QUARTERS and len(rows) < n_quarters:
            quarter, seen = self._view["quarter"], self.next(policy(self.view))
            cash = float(seen["costs"]["amount"].sum())
            rows.append((quarter, cash, len(seen["transactions"]), len(seen["opt_outs"])))
        return pd.DataFrame(rows, columns=["quarter", "cash", "orders", "opt_outs"])

    def hindsight(self) -> pd.DataFrame:
        """What one should have known, after the last quarter; see :meth:`World.hindsight <idic_lab.meridian.game.World.hindsight>`."""
        return self._ask("hindsight", {})["hindsight"]

    def close(self) -> None:
        """End the shop's process."""
        self._end()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Shop(quarter {self._view['quarter']} of {QUARTERS}, {len(self.tables)} tables)"

    def _ask(self, request: str, told: dict, sent: Tables | None = None) -> Tables:
        try:
            _send(self._process.stdin, {"request": request, **told}, sent or {})
            answer, received = _receive(self._process.stdout)
        except (OSError, EOFError, ValueError) as error:
            if isinstance(error, pa.ArrowInvalid | pa.ArrowTypeError | pa.ArrowNotImplementedError):
                raise DataError(f"The plan cannot be read as a table: {error}") from None
            raise DataError("The shop's process has ended; open the shop again.") from None
        if "error" in answer:
            raise DataError(answer["error"])
        self._view = answer["view"]
        if request in ("open", "reset"):
            self.tables = received
        for name in answer["changed"]:
            self.tables[name] = received.pop(f"all of {name}")
        if request == "next":
            for name, data in received.items():
                if name not in ("costs", *answer["changed"]):
                    before = [self.tables[name]] if name in self.tables else []
                    self.tables[name] = pd.concat([*before, data], ignore_index=True)
        return received


open_shop = Shop


def _end(process: subprocess.Popen) -> None:
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()
    process.wait(timeout=20)


def _send(pipe, told: dict, sent: Tables) -> None:
    """A head in JSON, then every table as an Arrow stream: nothing that is received is ever run."""
    bodies = {}
    for name, data in sent.items():
        sink = pa.BufferOutputStream()
        table = pa.Table.from_pandas(data, preserve_index=False)
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        bodies[name] = sink.getvalue()
    head = json.dumps(told | {"tables": {name: len(body) for name, body in bodies.items()}}).encode()
    pipe.write(b"".join([struct.pack(">I", len(head)), head, *bodies.values()]))
    pipe.flush()


def _receive(pipe) -> tuple[dict, Tables]:
    head = pipe.read(4)
    if len(head) < 4:
        raise EOFError
    told = json.loads(pipe.read(struct.unpack(">I", head)[0]))
    sizes = told.pop("tables")
    return told, {name: pa.ipc.open_stream(pipe.read(size)).read_all().to_pandas() for name, size in sizes.items()}


def serve() -> None:
    """Answer one request after the other, until the asker is gone."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted notebook keeps its shop
    begun, world, plans = None, None, []
    while True:
        try:
            request, received = _receive(asked)
        except EOFError:
            os._exit(0)  # at once: to take everything down that was loaded takes a third of a second
        seen, changed = {}, []
        try:
            match request.pop("request"):
                case "open":
                    durability.end_with_parent(request.pop("parent"))
                    own = {"seed": int.from_bytes(os.urandom(6), "big")} if request["seed"] is None else {}
                    begun = World(**request | own)
                    world = begun.again()
                    seen = world.tables
                case "reset":
                    world, plans = begun.again(), []
                    seen = world.tables
                case "next":
                    made = received["actions"]
                    seen = world.next(made)
                    plans.append(made)
                    if len(made) and made["action"].eq("complaint").any():  # answers date earlier rows
                        changed = ["interactions"]
                        seen["all of interactions"] = world.tables["interactions"]
                case "hindsight":
                    seen = {"hindsight": world.hindsight()}
                case "standing":
                    seen = {"standing": standing(plans, begun, request["n_fortunes"])}
            answer = {"changed": changed}
        except LabError as error:
            answer = {"error": str(error)}
        if world is not None:
            view = world.view
            answer["view"] = {"quarter": view.quarter, "budget": view.budget, "calls": view.calls}
        _send(answers, answer, {} if "error" in answer else seen)
