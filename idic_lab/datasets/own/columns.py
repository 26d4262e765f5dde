"""Which column of a file plays which role: usual headers recognised, ambiguity reported with the choices."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping

from idic_lab.errors import DataError, UnknownName

# Per role, headers in order of preference: those on one line are equally good, so two of them in one file are
# ambiguous; those on a later line are used only when no earlier one is there. Written as normalise() leaves them.
HEADERS: dict[str, tuple[str, ...]] = {
    "customer_id": (
        "customerid customernumber customerno customernr customercode customerref custid custno kundennummer "
        "客户编号 客户id 客户号 客户代码 客户编码 顾客编号 顾客id",
        "clientid clientnumber userid memberid membernumber buyerid shopperid accountid accountnumber contactid "
        "accountnameid contactnameid associatedcontactids associatedcompanyids loyaltyid loyaltycardnumber "
        "会员编号 会员id 会员号 会员卡号 用户id 用户编号 买家id 买家编号",
        "customer client 客户 顾客 会员 用户 买家",
        "customername clientname accountname contactname associatedcontact associatedcompany companyname "
        "primarycontact primaryassociatedcompany membername username buyername "
        "客户名称 客户姓名 联系人姓名 联系人 买家会员名 买家昵称 会员名 用户名",
        "email emailaddress customeremail 邮箱 电子邮件",
    ),
    "date": (
        "orderdate dateoforder purchasedate dateofpurchase transactiondate invoicedate saledate salesdate "
        "closedate closingdate orderdatetime transactiondatetime ordertime transactiontime "
        "订单日期 下单日期 下单时间 订单时间 订单创建时间 购买日期 购买时间 交易日期 交易时间 成交日期 成交时间 "
        "发票日期 开票日期 消费日期 消费时间 销售日期 关闭日期 结束日期",
        "date day 日期",
        "datetime timestamp time orderedat purchasedat createdat createdate paidat 时间 订单付款时间 付款时间 支付时间",
    ),
    "amount": (
        "amountincompanycurrency amountconverted convertedamount",
        "amount orderamount totalamount transactionamount invoiceamount purchaseamount salesamount netamount "
        "lineamount linetotal ordertotal ordervalue transactionvalue dollarvalue totalprice "
        "金额 订单金额 订单总额 总金额 实付金额 支付金额 付款金额 交易金额 成交金额 消费金额 销售金额 销售额",
        "total revenue sales spend value grandtotal 总价 总额 合计",
    ),
    "quantity": (
        "quantity qty orderquantity quantityordered 数量 购买数量 商品数量 销售数量",
        "units numberofunits itemcount numberofitems numberofcds pieces 件数 宝贝总数量",
    ),
    "unit_price": ("unitprice priceperunit priceeach itemprice 单价 商品单价 销售单价", "price 价格 售价"),
    "order_id": (
        "orderid orderno ordernumber ordernr 订单编号 订单号 订单id",
        "invoiceno invoiceid invoicenumber invoicenr invoice 发票编号 发票号 发票号码",
        "transactionid transactionno transactionnumber receiptid receiptno receiptnumber basketid "
        "交易编号 交易号 流水号 小票号 单号",
        "dealid opportunityid recordid 商机编号",
    ),
    "product_id": (
        "productid productcode productnumber sku stockcode itemid itemcode itemnumber articlenumber "
        "商品编号 商品编码 产品编号 产品编码 商品id 产品id 货号",
        "product item article 商品 产品",
        "productname itemname 商品名称 产品名称",
    ),
    "description": (
        "description productdescription itemdescription 描述 商品描述 产品描述",
        "dealname opportunityname 商机名称 交易名称",
    ),
    "country": ("country customercountry countryname 国家", "billingcountry shippingcountry"),
    "currency": (
        "currency currencycode amountcurrency dealcurrency ordercurrency 币种 货币",
        "currencyisocode",
    ),
    "stage": ("stage dealstage opportunitystage salesstage 阶段 销售阶段 商机阶段 交易阶段",),
}
REQUIRED = ("customer_id", "date", "amount")


def normalise(header: str) -> str:
    """A header without case, blanks, punctuation, marks and full-width forms, for comparison.

    Examples
    --------
    >>> normalise("\\ufeff Customer_ID ")
    'customerid'
    """
    text = unicodedata.normalize("NFKC", str(header)).casefold()
    return re.sub(r"[\W_]+", "", text)


def parse(text: str) -> dict[str, str]:
    """Columns written as on the command line: ``role=header``, separated by commas, headers quoted when need be.

    A role with nothing after the equals sign is to be ignored.

    Examples
    --------
    >>> parse('customer_id="Contact Name",amount=Total')
    {'customer_id': 'Contact Name', 'amount': 'Total'}
    >>> parse("amount='Total, net',stage=")
    {'amount': 'Total, net', 'stage': ''}
    """
    pair = re.compile(r"""\s*([^=,"']+?)\s*=\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^,"']*)\s*(?:,|$)""")
    columns: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = pair.match(text, place)
        if match is None:
            raise DataError(
                f"--columns cannot be understood from {text[place:]!r} on. "
                'Write role=header pairs, such as customer_id="Contact Name",date=Closed.'
            )
        role, header = match[1], match[2].strip()
        if header[:1] in ("'", '"'):
            header = header[1:-1].replace(header[0] * 2, header[0])
        if role in columns:
            raise DataError(f"--columns names the role {role!r} twice.")
        columns[role] = header
        place = match.end()
    return columns


def recognise(
    name: str,
    headers: Mapping[str, str],
    given: Mapping[str, str] | str | None = None,
    empty: Collection[str] = (),
) -> tuple[dict[str, str], dict[str, str]]:
    """Which column plays which role.

    Parameters
    ----------
    name : str
        File name, for messages.
    headers : mapping of str to str
        Column label to the header as written.
    given : mapping or str, optional
        Role to header, or the same as the command line writes it; "" means there is no such column.
    empty : collection of str
        Labels of columns without any value; never chosen by themselves.

    Returns
    -------
    roles : dict of str to str
        Role to column label.
    reasons : dict of str to str
        Role to the header and how it was decided, for the card.

    Raises
    ------
    DataError
        When a needed role has no column, or several columns are equally good.
    UnknownName
        When a role or header that was given does not exist.

    Examples
    --------
    >>> headers = {header: header for header in ["Contact Name", "Closing Date", "Amount"]}
    >>> recognise("deals.csv", headers)[0]
    {'customer_id': 'Contact Name', 'date': 'Closing Date', 'amount': 'Amount'}
    """
    given = parse(given) if isinstance(given, str) else dict(given or {})
    roles = _given_roles(name, headers, given)
    reasons = {role: f"{label!r} (given)" for role, label in roles.items()}
    free = {label: header for label, header in headers.items() if label not in roles.values()}
    ambiguous: dict[str, list[str]] = {}
    for role in HEADERS:
        if role in given:
            continue
        choices = _candidates(role, free, empty)
        if len(choices) > 1:
            ambiguous[role] = choices
        elif choices:
            roles[role] = choices[0]
            reasons[role] = f"{choices[0]!r} (recognised)"
    if "amount" in roles:
        # The amount is there already, so it does not matter which of two columns is the unit price.
        ambiguous = {role: choices for role, choices in ambiguous.items() if role != "unit_price"}
    if ambiguous:
        raise DataError(_ambiguity(name, ambiguous))
    _require(name, roles, headers)
    ordered = [role for role in HEADERS if role in roles]
    return {role: roles[role] for role in ordered}, {role: reasons[role] for role in ordered}


def _given_roles(name: str, headers: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for role, wanted in given.items():
        if role not in HEADERS:
            raise UnknownName("column role", role, HEADERS)
        if not wanted:
            if role in REQUIRED and role != "amount":
                raise DataError(f"{name}: every transaction needs {role}; say which column it is.")
            continue
        matches = [label for label in headers if label == wanted]
        matches = matches or [label for label in headers if normalise(label) == normalise(wanted)]
        if not matches:
            raise UnknownName(f"column for {role} in {name}:", wanted, headers)
        if matches[0] in roles.values():
            raise DataError(f"{name}: column {matches[0]!r} was given for two roles.")
        roles[role] = matches[0]
    return roles


def _candidates(role: str, headers: Mapping[str, str], empty: Collection[str]) -> list[str]:
    """Labels of the columns whose headers are usual for a role, those of the best rank alone."""
    for tier in HEADERS[role]:
        usual = set(tier.split())
        found = [
            label for label, header in headers.items() if normalise(header) in usual and label not in empty
        ]
        if found:
            return found
    return []


def _ambiguity(name: str, ambiguous: Mapping[str, list[str]]) -> str:
    listed = "; ".join(
        f"{role} may be {' or '.join(map(repr, labels))}" for role, labels in ambiguous.items()
    )
    first = {role: labels[0] for role, labels in ambiguous.items()}
    return f"{name}: more than one column fits: {listed}. {_how_to_say(first)}"


def _require(name: str, roles: Mapping[str, str], headers: Mapping[str, str]) -> None:
    missing = [role for role in REQUIRED if role not in roles]
    if "amount" in missing and {"quantity", "unit_price"} <= set(roles):
        missing.remove("amount")
    if not missing:
        return
    if not roles and any(_looks_like_data(header) for header in headers.values()):
        raise DataError(
            f"{name}: the first line holds data, not headers. Add a line above it with the column names, "
            "such as customer_id, date and amount."
        )
    wanted = {role: _nearest(role, headers, roles) for role in missing}
    hint = " or quantity and unit_price" if "amount" in missing else ""
    raise DataError(
        f"{name}: no column for {', '.join(missing)}{hint} was recognised; "
        f"the headers are {', '.join(map(repr, headers))}. {_how_to_say(wanted)}"
    )


def _nearest(role: str, headers: Mapping[str, str], roles: Mapping[str, str]) -> str:
    usual = " ".join(HEADERS[role]).split()
    best, score = "…", 0.55
    for label, header in headers.items():
        if label in roles.values():
            continue
        likeness = max(difflib.SequenceMatcher(None, normalise(header), word).ratio() for word in usual)
        if likeness > score:
            best, score = label, likeness
    return best


def _how_to_say(choice: Mapping[str, str]) -> str:
    pairs = ",".join(f"{role}={_quoted(label)}" for role, label in choice.items())
    return f"Say which it is: --columns {pairs} (in Python: columns={dict(choice)!r})."


def _quoted(label: str) -> str:
    return label if re.fullmatch(r"[\w.…-]+", label) else '"' + label.replace('"', '""') + '"'


def _looks_like_data(header: str) -> bool:
    """A number, a date or an address: nobody names a column so."""
    return bool(re.fullmatch(r"[-+]?[\d.,/:\s-]+(?:T[\d:.]+Z?)?|.+@.+\..+", header.strip()))
