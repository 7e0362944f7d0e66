"""What the processes tell each other."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Worker(SQLModel, table=True):
    """A worker process and when it last ticked; one that is silent has lost its leases."""

    id: str = Field(primary_key=True, max_length=100)
    started_at: datetime
    ticked_at: datetime


class Setting(SQLModel, table=True):
    """A value that the processes share, such as the hash of the setup link's token."""

    name: str = Field(primary_key=True, max_length=50)
    value: str
