"""What counts as a sale, whose it is and what it is worth: the rules, stated once as SQL over a source of any size."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from idic_lab.datasets.own import numbers_and_dates, words
from idic_lab.datasets.own.engine import literal, quoted
from idic_lab.datasets.own.reading import NO_CUSTOMER, NUMBERS, TEXTS, Column, Options, Reader, Source
from idic_lab.datasets.own.words import Parsed
from idic_lab.errors import DataError, option

VOID = "cancelled, void, failed, draft or test"
UNPAID = "no amounts"
REFUNDED = "refunded or returned"
REJECTED = -1  # the slice that rejected rows are in
_STATUS_REASONS = {"failed": VOID, "open": "not paid", "returned": REFUNDED, "other": "no order"}
_BACK = "money back"  # what a type says of a row that is a return, not a sale
_MOST_STATUSES = 60  # a column with more different texts tells something else
_LINES_LOOKED_AT = 50_000  # where lines of an order are compared
_STATUS_LIKE = ("status", "type", "cancelled", "test")


@dataclass
class Plan:
    """How the rows of a source become lines: by a query that gives one line per row.

    Beside the typed columns it gives ``slice`` (which of the parts of whole customers, -1 when the row is rejected), what was
    wrong with the row, and ``row_hash``.
    """

    query: str
    roles: dict[str, str]  # role to column
    others: dict[str, str]  # column of the lines with another amount that might have been taken, to its header
    facts: dict  # what the card says of columns, currency and assumptions

    def without(self, condition: str) -> "Plan":
        """The same, less the lines of which a condition, in SQL, is true."""
        return replace(self, query=f"SELECT * FROM ({self.query}) WHERE NOT ({condition})")


def plan(source: Source, options: Options | None = None, notes=(), slices: int = 1) -> Plan:
    """Recognise the columns and say in SQL how each is read; `notes` tell what was assumed in reading the file."""
    options = options or Options()
    left_out = [note for note in notes if note.startswith(("nested columns", "sheet "))]
    reader = Reader(source, options, notes)
    empty = [label for label in source.headers if not source.holds_something(label)]
    try:
        roles, reasons = words.recognise(source.name, source.headers, options.columns, empty, reader.fits)
    except DataError as error:
        raise DataError(f"{error}{''.join(f' ({note})' for note in left_out)}") from None
    given = words.ORDER_TOTAL in roles
    if given:
        roles["amount"], reasons["amount"] = (held.pop(words.ORDER_TOTAL) for held in (roles, reasons))
    counted = not ({"amount"} <= set(roles) or {"quantity", "unit_price"} <= set(roles))
    if counted:
        reader.assumptions.insert(0, f"{UNPAID}: each row counts as 1, so what is called an amount is a number of rows")
        roles["amount"], reasons["amount"] = roles["date"], "1 for each row (there are no amounts)"
    try:
        found = _Orders(reader, roles, reasons, empty, counted)
        query = found.query(given, slices)
        currency = _currency(reader, roles)
    except DataError as error:
        raise DataError(f"{source.name}: {error}") from None
    if "amount" not in roles:
        reasons["amount"] = "quantity × unit_price"
    order = [role for role in reasons if role != "amount"]
    reasons = {role: reasons[role] for role in [*order[:2], "amount", *order[2:]]}
    facts = {"columns": reasons, "currency": currency, "assumptions": reader.assumptions}
    facts |= {"missing": {"amount": "each row counts as 1"}} if counted else {}
    return Plan(query, roles, found.others, facts)


def _currency(reader: Reader, roles: dict[str, str]) -> str:
    """The currency that signs or a column of codes name."""
    source = reader.source
    converted = words.normalise(roles.get("amount", "")) in words.HEADERS["amount"][0].split()
    code, assumed = numbers_and_dates.currency_of(frozenset(reader.symbols), " ".join(source.headers.values()))
    reader.assumptions.extend(assumed)
    if "currency" not in roles or converted:
        return code
    label = roles["currency"]
    text = f"upper({source.text(label)})"
    named = source.all(f"SELECT {text}, count(*) FROM source WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1")
    if len(named) > 1:
        shown = ", ".join(f"{currency} in {count:,} rows" for currency, count in named[:5])
        one = f"SELECT * FROM data WHERE {label if label.isidentifier() else quoted(label)} = '{named[0][0]}'"
        raise DataError(
            f"the amounts are in {len(named)} currencies ({shown}); sums over them mean nothing. Convert them to "
            f"one first, or read one: {option('sql', one)}."
        )
    return numbers_and_dates.CURRENCIES.get(named[0][0], named[0][0]) if named else code


class _Orders:
    """The rules by which rows are sales, as SQL; `columns` are in the order in which faults are looked for."""

    def __init__(self, reader: Reader, roles: dict[str, str], reasons: dict[str, str], empty: list[str], counted: bool):
        self.counted = counted
        self.reader, self.source, self.roles, self.reasons = reader, reader.source, roles, reasons
        self.hash = f"hash({', '.join(self.source.places.values())})"
        self.columns = {"customer_id": reader.customer(roles["customer_id"]), "date": reader.day(roles["date"])}
        for role in NUMBERS:
            if role == "amount" and counted:
                self.columns[role] = Column("CAST(1 AS DOUBLE)", "CAST(NULL AS VARCHAR)")
            elif role in roles:
                self.columns[role] = reader.number(role, roles[role])
        for role in TEXTS:
            if role in roles:
                self.columns[role] = reader.identifier(role, roles[role])
        for role in [role for role in roles if role.split()[0] in ("status", "type")]:
            self._status(role, roles[role])
        if not {"status", "stage"} & {*self.columns, *words.as_mapping(reader.options.columns)}:
            self._status_by_its_values(empty)
        no = {"false", "0", "no", "n", "nein", "0.0"}
        for role in ("cancelled", "test"):  # the day of a cancellation, or the mark of a test order
            if role in roles:
                self._judge(role, roles[role], lambda word: None if word.lower() in no else VOID)
        self.others: dict[str, str] = {}
        self._other_amounts(empty)

    def _status(self, role: str, label: str) -> None:
        """A column that says whether an order was a sale; one that says nothing of the kind is let be."""
        text = self.source.text(label)
        counted = self.source.all(
            f"SELECT {text}, count(*) FROM source WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_MOST_STATUSES + 1}"
        )
        kinds = {word: words.status(word) for word, _ in counted}
        sales = [words.normalise(word) for word in (self.reader.options.sales or "").split(",") if word.strip()]
        nothing_said = role == "type" and (sales or not set(kinds.values()) - {"", "sale"})
        if nothing_said or (len(counted) > _MOST_STATUSES and not sales):
            del self.roles[role], self.reasons[role]
            return
        won = any(words.says_won(word) for word in kinds)

        def verdict(word: str) -> str | None:
            kind = words.status(word)
            if sales:
                return None if words.normalise(word) in sales else "no sale"
            if won:
                return None if words.says_won(word) else "deal not won"
            if role == "type" and kind in ("returned", "partly"):
                return _BACK
            return None if kind == "other" and role != "type" else _STATUS_REASONS.get(kind)

        self._judge(role, label, verdict)
        asked = self.reader.assumptions
        if sales:
            asked.append(f"only rows that {label!r} calls {self.reader.options.sales} were taken for sales (given)")
        elif won:
            asked.append(f"deals that {label!r} does not call won were rejected (to keep them: {role}=)")
        elif role != "type":
            self._ask(label, dict(counted), kinds)

    def _ask(self, label: str, rows: dict[str, int], kinds: dict[str, str]) -> None:
        asked = self.reader.assumptions
        partly = sum(rows[word] for word, kind in kinds.items() if kind == "partly")
        if partly and "refunded" not in self.roles:
            told = "that they were refunded in part, not how much; all of it was kept"
            asked.append(f"{label!r} says of {partly:,} rows {told}")
        if unknown := [word for word, kind in kinds.items() if not kind]:
            shown = ", ".join(f"{word!r} ({rows[word]:,} rows)" for word in unknown[:12])
            known = [word for word, kind in kinds.items() if kind == "sale"] or unknown[:1]
            told = f"{label!r} looks like the status of an order; it says {shown}. Were these sales? They were taken for sales; "
            asked.insert(0, f"{told}if they were not, say which were: {option('sales', ','.join(known))}")

    def _judge(self, role: str, label: str, verdict) -> None:
        def read(column: pd.Series) -> Parsed:
            said = column.map(str).astype("str").str.strip(words.BLANK)
            reasons = [None if word.lower() in words.MISSING else verdict(word) for word in said]
            return Parsed(np.full(len(column), np.nan), np.array(reasons, dtype=object))

        self.columns[role] = self.reader.looked_up(role, label, read)

    def _status_by_its_values(self, empty: list[str]) -> None:
        """A column whose header says nothing, but all of whose words are those of a status."""
        for label, kind in self.source.types.items() if not self.source.large else ():
            text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
            if not text or label in (*self.roles.values(), *empty):
                continue
            kinds = {words.status(word) for word in self.source.first_values(label, 13)}
            if "" not in kinds and "sale" in kinds and kinds & {"failed", "returned", "open", "partly"}:
                self.roles["status"], self.reasons["status"] = label, f"{label!r} (by its values)"
                return self._status("status", label)

    def _other_amounts(self, empty: list[str]) -> None:
        """Other columns whose header is that of an amount: what they would have given is said."""
        usual = " ".join(words.HEADERS["amount"]).split()
        for label, header in self.source.headers.items():
            if label in (*self.roles.values(), *empty) or words.normalise(header) not in usual or len(self.others) == 4:
                continue
            if self.reader.fits("amount", label) and (self.source.is_number(label) or not self.source.large):
                name = f"other {len(self.others)}"
                try:
                    self.columns[name] = self.reader.number("amount", label, name)
                except DataError:
                    continue  # what is not used need not be clear
                self.others[name] = header

    def _is_order_total(self, name: str, label: str, given: bool) -> bool:
        """Whether an amount is that of a whole order, standing on each of its lines or on the first alone."""
        stated = True if given else words.is_order_total(label)
        if "order_id" not in self.roles or stated is False or self.counted:
            return False
        amount, order, product = self.columns[name].value, self.columns["order_id"].value, "NULL"
        if {"quantity", "unit_price"} <= set(self.columns):
            product = f"({self.columns['quantity'].value}) * ({self.columns['unit_price'].value})"
        step = self.source.rows // _LINES_LOOKED_AT
        some = f"WHERE hash({order}) % {step} = 0" if step > 1 else ""
        orders, alike, first, sums, lines, products = self.source.all(
            f"""SELECT count(*), count(*) FILTER (alike AND different), count(*) FILTER (filled = 1 AND rows > 1),
            count(DISTINCT amount), coalesce(sum(rows), 0), coalesce(sum(products), 0)
            FROM (SELECT count(*) AS rows, min(amount) IS NOT DISTINCT FROM max(amount) AS alike, count(amount) AS filled, any_value(amount) AS amount,
            min(row_hash) <> max(row_hash) AS different, count(*) FILTER (abs(amount - product) < .005) AS products
            FROM (SELECT {order} AS order_id, {amount} AS amount, {product} AS product, {self.hash} AS row_hash
            FROM source {self._joins()} {some}) WHERE order_id IS NOT NULL GROUP BY order_id HAVING count(*) > 1)"""
        )[0]
        if not orders or alike < 0.99 * orders or products > 0.9 * lines:
            return False
        if stated or first > 0.9 * orders or (orders >= 3 and sums >= 2):
            return True
        if label == self.roles.get("amount"):
            told = f"{label!r} is the same on all lines of each order that has several ({orders:,}): it was added up."
            else_say = f"If it is the order's total, say {option('columns', f'amount=,order_total={label}')}"
            self.reader.assumptions.insert(0, f"{told} {else_say}")
        return False

    def _joins(self) -> str:
        return " ".join(dict.fromkeys(column.join for column in self.columns.values() if column.join))

    def query(self, given: bool, slices: int) -> str:
        """One line per row of the source."""
        labels = {"amount": self.roles.get("amount", "")} | self.others
        per_order = [
            name
            for name, label in labels.items()
            if name in self.columns and self._is_order_total(name, label, given and name == "amount")
        ]
        # Roles whose faults refuse a row, in the order in which a row is judged.
        needed = ("customer_id", "date", "amount", "quantity", *(() if "amount" in self.columns else ("unit_price",)))
        checked = [role for role in needed if role in self.columns] + self._marks()
        filled = self._filled(per_order) if "order_id" in self.columns else []
        replaced = f"* REPLACE ({', '.join(filled)})" if filled else "*"
        return (
            f"WITH parsed AS ({self._parsed(checked)}), filled AS (SELECT {replaced} FROM parsed), "
            f"priced AS ({self._priced()}), judged AS ({self._judged(checked)}) SELECT *, {self._is_return()} AS is_return, "
            f"CASE WHEN reason IS NOT NULL THEN {REJECTED} ELSE CAST(hash(customer_id) % {slices} AS INTEGER) END AS slice "
            "FROM judged"
        )

    def _marks(self) -> list[str]:
        return [role for role in self.columns if role.split()[0] in _STATUS_LIKE]

    def _parsed(self, checked: list[str]) -> str:
        """Each role's value; for the checked ones also the fault and what stood there."""
        shown = []
        for role, column in self.columns.items():
            shown.append(f"{column.value} AS {quoted(role)}")
            if role in checked:
                # As pandas writes them: no value for one that is not a number, no time of day where it is midnight.
                raw = f"nullif(regexp_replace(CAST({self.source.places[self.roles[role]]} AS VARCHAR), ' 00:00:00$', ''), 'nan')"
                shown.append(f'{column.reason} AS "fault {role}"')
                shown.append(f'CASE WHEN "fault {role}" IS NOT NULL THEN substr({raw}, 1, 200) END AS "found {role}"')
        place = f"{self.source.file} AS source, {self.source.line} AS line, {self.hash} AS row_hash"
        return f"SELECT {', '.join(shown)}, {place} FROM source {self._joins()}"

    def _filled(self, per_order: list[str]) -> list[str]:
        """What stands on one line of an order and holds for all of them."""
        per = "OVER (PARTITION BY order_id)"

        def of_order(name: str, value: str) -> str:
            return f"CASE WHEN order_id IS NULL THEN {quoted(name)} ELSE {value} END AS {quoted(name)}"

        refunded = ["refunded"] if "amount" in per_order and "refunded" in self.columns else []
        made = [of_order(name, f"max({quoted(name)}) {per} / count(*) {per}") for name in [*per_order, *refunded]]
        if "amount" not in per_order:
            return made
        told = "stands on its first line or on each: it was counted once, in equal parts on its lines"
        self.reader.assumptions.append(f"{self.roles['amount']!r} is the total of an order and {told}")
        for role, missing in (("amount", "no amount"), ("customer_id", NO_CUSTOMER), ("date", "no date")):
            cleared = f'"fault {role}" = {literal(missing)} AND max({role}) {per} IS NOT NULL AND order_id IS NOT NULL'
            made.append(f'CASE WHEN {cleared} THEN NULL ELSE "fault {role}" END AS "fault {role}"')
            if role != "amount":
                made.append(f"CASE WHEN {cleared} THEN max({role}) {per} ELSE {role} END AS {role}")
        return made + [of_order(f"fault {role}", f'max("fault {role}") {per}') for role in self._marks()]

    def _priced(self) -> str:
        """The amount as it counts: less what was refunded, negative where money went back."""
        if "amount" not in self.columns:
            product, big = "quantity * unit_price", f"abs(quantity * unit_price) > {numbers_and_dates.LARGEST!r}"
            amount = f"CASE WHEN NOT {big} THEN {product} END"
            return f'SELECT *, {amount} AS amount, CASE WHEN {big} THEN \'number too large\' END AS "fault amount", unit_price AS "found amount" FROM filled'
        back = [f'"fault {role}" = {literal(_BACK)}' for role in self.columns if role == "type"]
        if "quantity" in self.columns:
            back.append("quantity < 0")
            turned = f"SELECT count(*) FROM source {self._joins()} WHERE ({self.columns['quantity'].value}) < 0 AND ({self.columns['amount'].value}) > 0"
            if number := self.source.all(turned)[0][0]:
                told = f"{number:,} rows have a negative quantity and a positive amount: they were taken for returns"
                self.reader.assumptions.append(f"{told}, their amount for negative")
        amount = "amount"
        if "refunded" in self.columns:
            amount = "CASE WHEN amount > 0 THEN amount - abs(coalesce(refunded, 0)) ELSE amount END"
        if back:
            amount = f"CASE WHEN ({' OR '.join(back)}) AND amount > 0 THEN -amount ELSE {amount} END"
        return f"SELECT * REPLACE ({amount} AS amount) FROM filled"

    def _judged(self, checked: list[str]) -> str:
        """The first thing found wrong with each row, and where."""
        faults = {role: quoted(f"fault {role}") for role in checked}
        if "quantity" in faults and "amount" in self.columns:
            faults["quantity"] = f"nullif({faults['quantity']}, 'no quantity')"  # the amount alone suffices
        if "amount" not in self.columns:
            first = {role: sql for role, sql in faults.items() if role in (*NUMBERS, "customer_id", "date")}
            faults = first | {"amount": '"fault amount"'} | faults
        if "type" in faults:
            faults["type"] = f"nullif({faults['type']}, {literal(_BACK)})"
        refunded = "coalesce(abs(refunded), 0)" if "refunded" in self.columns else "0"
        for role in [role for role in faults if role.split()[0] == "status"]:
            # Money that goes back is a return and no refused sale; of a part of it, the rest was a sale.
            kept = f"amount < 0 OR ({refunded} > 0 AND amount > 0)"
            fault = faults[role]
            faults[role] = f"CASE WHEN {fault} = {literal(REFUNDED)} AND ({kept}) THEN NULL ELSE {fault} END"
        found = {role: quoted(f"found {role}") for role in faults}
        if "refunded" in self.columns:
            nothing = f"{refunded} > 0 AND amount <= 0.004 AND amount > -0.004"
            faults["refunded"] = f"CASE WHEN {nothing} THEN {literal(REFUNDED)} END"
            found["refunded"] = "CAST(refunded AS VARCHAR)"
        label = {role: self.roles.get(role) or self.roles.get("unit_price", "") for role in faults}
        where = " ".join(f"WHEN {sql} IS NOT NULL THEN {literal(label[role])}" for role, sql in faults.items())
        what = " ".join(f"WHEN {sql} IS NOT NULL THEN CAST({found[role]} AS VARCHAR)" for role, sql in faults.items())
        more = [role for role in self.columns if role in ("quantity", "unit_price", *TEXTS)]
        kept = ["customer_id", "date", "amount", *more, *self.others]
        return (
            f'SELECT {", ".join(map(quoted, kept))}, source, line, row_hash, CASE {where} END AS "column", CASE {what} END AS value, '
            f"coalesce({', '.join(faults.values())}) AS reason FROM priced"
        )

    def _is_return(self) -> str:
        """Which lines give money back: a negative amount or quantity, or the number of a cancellation.

        An order number is that of a cancellation when it is a C before digits while other orders have digits alone; in a file
        whose numbers all begin with C, the C means nothing.
        """
        tests = ["coalesce(amount < 0, false)"]
        if "quantity" in self.columns:
            tests.append("coalesce(quantity < 0, false)")
        if "order_id" in self.columns:
            order = self.columns["order_id"]
            plain = f"regexp_full_match({order.value}, '[0-9]+')"
            if self.source.all(f"SELECT 1 FROM source {order.join} WHERE {plain} LIMIT 1"):
                tests.append("coalesce(regexp_full_match(order_id, '[Cc][0-9]+'), false)")
        return " OR ".join(tests)
