"""Expected answers of the assignment on the shop; plans are played again, with fortunes of their own."""

from idic_lab.errors import LabError
from idic_lab.meridian import policies
from idic_lab.meridian.game import played, replayed

_FORTUNES = range(301, 309)


def shop_q01(game):
    return len(policies.by_email(game.tables))


def shop_q02(game):
    return game.next()["costs"]["amount"].sum()


def shop_q03():
    return "the discount was paid for orders that were coming anyway"


def _gain(game, plans):
    """Mean gain of plans over leaving everybody alone, the same customers with other fortunes."""
    alone = [policies.actions()] * len(plans)
    mine, nothing = replayed([plans, alone], game, _FORTUNES)
    return float((mine["score"] - nothing["score"]).mean())


def _beside(game, n_quarters):
    """What the better of two simple rules gains on average."""
    gains = []
    for policy in (policies.ask_well, policies.best_customers):
        followed = played(policy, n_quarters=n_quarters, world=game.again())
        gains.append(_gain(game, [plan for _, _, plan in followed.played]))
    return max(gains)


def _judged(game, plans):
    try:
        gain = _gain(game, plans)
    except LabError as refused:
        return 0.0, f"The shop refused the plan. {refused}"
    if gain <= 0:
        return 0.0, f"On average, with other fortunes, this loses {-gain:,.0f} against leaving everybody alone."
    usual = _beside(game, len(plans))
    said = f"On average, with other fortunes, this gains {gain:,.0f}; a simple rule gains {usual:,.0f}."
    return (1.0 if gain >= 0.4 * usual else 0.5), said


def shop_q04(answer, game):
    return _judged(game, [answer])


def shop_q05(answer, game):
    quarters = set(answer["quarter"])
    if not quarters or not quarters <= {1, 2, 3, 4}:
        return 0.0, "The column quarter should hold 1, 2, 3 and 4."
    return _judged(game, [answer[answer["quarter"] == number].drop(columns="quarter") for number in (1, 2, 3, 4)])


def shop_q06():
    return "carry both plans out again with other fortunes, and compare the means"
