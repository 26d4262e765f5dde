"""Meridian: a simulated retailer with web shop, stores, app and call centre, whose truth is known.

What is planted, table by table, is on the page ``docs/meridian.md``; the planted answers are for checks only (:func:`truth`).
"""

from idic_lab.meridian import policies as policies
from idic_lab.meridian.files import load_tables as load_tables, simulate_to as simulate_to, truth as truth
from idic_lab.meridian.orders import club as club
from idic_lab.meridian.settings import DIFFICULTIES as DIFFICULTIES, PEOPLE as PEOPLE, SEED as SEED
from idic_lab.meridian.settings import PurchaseModel as PurchaseModel, Settings as Settings
from idic_lab.meridian.simulation import Meridian as Meridian, simulate as simulate
from idic_lab.meridian.shop import Shop as Shop, open_shop as open_shop
