"""The knobs of the simulation: what is planted, how strongly, and what is switched off."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from idic_lab.errors import DataError, pick

SEED = 1997  # of the files under datasets/meridian
PEOPLE = 2_000  # in those files
BLOCK = 50_000  # people drawn at a time, so that memory does not grow with n

SEGMENTS = ("economy", "quality", "convenience", "advice", "discovery")


@dataclass(frozen=True)
class PurchaseModel:
    """Parameters of the BG/NBD model (per day) and of the Gamma-Gamma model (per order).

    Source: Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way; Fader & Hardie (2013), The Gamma-Gamma
    Model of Monetary Value.
    """

    r: float = 0.85
    alpha: float = 42.0
    a: float = 0.9
    b: float = 3.6
    p: float = 5.0
    q: float = 4.5
    gamma: float = 35.0


@dataclass(frozen=True)
class Settings:
    """Every knob of the simulation.

    Attributes:
        separation: How far apart the answers of the need segments are, from 0 (one crowd) through about 0.6 (blurred) to
            1 and more (natural).
        error_rate: Multiplies every touchpoint's rates of typing errors, missing values and outdated details.
        spend_with_frequency: Correlation, on a logarithmic scale, of mean spend with purchase rate.
        fatigue: Each outbound contact in the 28 days before multiplies the chance of a response by ``exp(-fatigue)``.
        segments, campaign_effect: False plants nothing: one crowd with the same average answers; arms that do not
            differ in conversions.
        weekly_changes: False leaves out the step and the drift.
        purchase_shape: Shape of the gamma-distributed times between purchases: 1 is a Poisson process, above 1 people
            buy at regular intervals, below 1 in clumps.
        leave_after_first: People may leave after their first purchase as after any other, so that one who never came
            back may be gone; in BG/NBD whoever bought once is a customer for good.
        season: Multiplies the season of orders on a logarithmic scale; the purchase clock then parts from the calendar.
        rate_drift: Change of a person's purchase rate a year after the first purchase, on a logarithmic scale.
        one_trait: No segments: the answers to the battery follow one continuous trait of a person.
        contact_by_response: Whoever responds more is contacted more, so that recent contacts tell of the person.
        learning: How much more loyal, on the log odds of leaving, somebody becomes for good of whom the shop learns
            everything there is to learn by asking; 0 is no learning relationship.
        readiness_gap: How much better than its customers the firm's managers, and by half as much its staff, judge what it
            does for customers; 0 is a firm that knows itself.
        discovery, managing, points, recovery: How much of their planted effects have the trials of the sister shop: asking the
            silent, a manager of one's own, points, a complaint settled within 7 days; 0 is a shop in which they change nobody.
        rewards, messages, opt_outs: How much of their planted effects have, in the trial of consent, a voucher for a yes and
            messages to those who said it; and how readily contacts make people withdraw it, there and in the game.
        choices: Multiplies what people are led by in the interviews by choice; 0 is answers at random.
        step_date: Day, a Monday, on which visitors begin to fill baskets more often.
    """

    purchase: PurchaseModel = field(default_factory=PurchaseModel)
    separation: float = 0.72
    error_rate: float = 1.0
    spend_with_frequency: float = 0.0
    fatigue: float = 0.25
    segments: bool = True
    campaign_effect: bool = True
    weekly_changes: bool = True
    purchase_shape: float = 1.0
    leave_after_first: bool = False
    season: float = 1.0
    rate_drift: float = 0.0
    one_trait: bool = False
    contact_by_response: bool = False
    learning: float = 0.5
    readiness_gap: float = 1.0
    discovery: float = 1.0
    managing: float = 1.0
    points: float = 1.0
    recovery: float = 1.0
    rewards: float = 1.0
    messages: float = 1.0
    opt_outs: float = 1.0
    choices: float = 1.0
    step_date: str = "2025-02-17"


DIFFICULTIES = {
    "easy": Settings(separation=1.15, error_rate=0.4),
    "default": Settings(),
    "hard": Settings(separation=0.42, error_rate=2.0),
}

# In the friendly world the tables are drawn from the models that the course fits. In each of the others one of their
# assumptions does not hold, and what rests on it can be seen to fail or to stand.
WORLDS: dict[str, dict] = {
    "friendly": {},
    "regular": {"purchase_shape": 3.0},
    "clumpy": {"purchase_shape": 0.4},
    "silent": {"leave_after_first": True},
    "seasonal": {"season": 8.0},
    "drifting": {"rate_drift": -0.7},
    "dependent": {"spend_with_frequency": 0.5},
    "one_trait": {"one_trait": True, "segments": False},
    "chosen_contacts": {"contact_by_response": True},
}

# What a switch turned off does to the settings.
_OFF: dict[str, dict] = {name: {name: False} for name in ("segments", "campaign_effect", "weekly_changes")}
_STRENGTHS = (
    "fatigue",
    "learning",
    "discovery",
    "managing",
    "points",
    "recovery",
    "rewards",
    "messages",
    "opt_outs",
    "choices",
)
_OFF |= {name: {name: 0.0} for name in (*_STRENGTHS, "readiness_gap")}
_OFF |= {"errors": {"error_rate": 0.0}, "independence": {"spend_with_frequency": 0.5}}


def settings(difficulty: str | Settings | Mapping = "default", world: str = "friendly", **switches: bool) -> Settings:
    """The settings of a difficulty in a world, with switches turned off.

    Parameters:
        difficulty ({"easy", "default", "hard"}, Settings or dict): A dict has the knobs that differ from the default.
        world: "friendly", or one in which an assumption of the models does not hold: a name in `WORLDS`.
        **switches (bool): What is planted, by the name of its knob, ``errors``, or ``independence`` (of spend and frequency);
            False turns that planted truth off.
    Raises:
        UnknownName: For a difficulty, a world or a switch that does not exist.

    >>> settings("easy", fatigue=False).fatigue
    0.0
    >>> settings(world="regular").purchase_shape
    3.0
    """
    if isinstance(difficulty, Mapping):
        known = {knob.name for knob in fields(Settings)}
        difficulty = Settings(**{pick("knob", knob, known): value for knob, value in difficulty.items()})
    chosen = difficulty if isinstance(difficulty, Settings) else pick("difficulty", difficulty, DIFFICULTIES)
    chosen = replace(chosen, **pick("world", world, WORLDS))
    for name, on in switches.items():
        off = pick("switch", name, _OFF)
        chosen = chosen if on else replace(chosen, **off)
    _check(chosen)
    return chosen


def _check(chosen: Settings) -> None:
    above = {f"purchase.{name}": value for name, value in vars(chosen.purchase).items()}
    for name, value in (above | {"purchase_shape": chosen.purchase_shape}).items():
        if not value > 0:
            raise DataError(f"{name} must be above 0, found {value!r}.")
    for name in ("separation", "error_rate", "season", *_STRENGTHS):
        if not getattr(chosen, name) >= 0:
            raise DataError(f"{name} must be 0 or more, found {getattr(chosen, name)!r}.")
    if not -1 < chosen.spend_with_frequency < 1:
        raise DataError(f"spend_with_frequency must lie between -1 and 1, found {chosen.spend_with_frequency!r}.")
