"""The usual solution to the exam, written again for the comparison: what `bench/api` measures the API against.

Its manner is kept: async routes over a blocking driver, SQLAlchemy's defaults, SELECT *, SQL made by formatting, a
Pydantic model built for each row, which FastAPI then validates and serialises again.
"""

import os

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import URL, create_engine, text

server = FastAPI(title="User API")

mysql_engine = create_engine(
    URL.create(
        "mysql+mysqldb",
        os.environ["MYSQL_USER"],
        os.environ["MYSQL_PASSWORD"],
        os.environ["MYSQL_HOST"],
        int(os.environ["MYSQL_PORT"]),
        os.environ["MYSQL_DATABASE"],
    )
)


class User(BaseModel):
    """One user."""

    user_id: int = 0
    username: str = "nobody"
    email: str = "nobody@example.com"


@server.get("/status")
async def get_status():
    """Return 1."""
    return 1


@server.get("/users")
async def get_users():
    """Return all users."""
    with mysql_engine.connect() as connection:
        results = connection.execute(text("SELECT * FROM Users;")).fetchall()
    return [User(user_id=row[0], username=row[1], email=row[2]) for row in results]


@server.get("/users/{user_id}", response_model=User)
async def get_user(user_id):
    """Return one user."""
    with mysql_engine.connect() as connection:
        results = connection.execute(text(f"SELECT * FROM Users WHERE Users.id = {user_id};")).fetchall()
    found = [User(user_id=row[0], username=row[1], email=row[2]) for row in results]
    if not found:
        raise HTTPException(status_code=404, detail="Unknown User ID")
    return found[0]
