"""Prepares a worker process, before its first job, with what its jobs will need."""

from sqlalchemy.orm import configure_mappers

from config.office import Office
from config.settings import Settings
from models.store.database import Database
from models.store.keyring import Keyring
from workers.callbacks import Dialler, take_equipment
from workers.carrier import Carrier
from workers.office_watch import OfficeWatch
from workers.queue import Jobs


def equip(settings: Settings) -> tuple[Database, OfficeWatch]:
    """Build what every job needs, and return the database and the office as jobs will find them."""
    configure_mappers()
    Carrier.warm_up()
    keyring = Keyring(settings.field_keys, settings.secret_key)
    database = Database(settings.database_url, keyring, pool_size=1)
    watch = OfficeWatch(Office.load(settings.office_file, settings.office_always_open), database)
    office = watch.start()
    # The patterns of the numbering plan are compiled when the first number is checked.
    office.can_dial(office.person_number)
    take_equipment(
        Dialler(database, Carrier(settings, office.lines[0]), office, Jobs(settings.queue_url)), watch
    )
    return database, watch
