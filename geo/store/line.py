"""A connection on which the event loop itself waits for answers: a thread to wait in would cost more."""

import asyncio

import psycopg2
import psycopg2.extensions


class Line:
    """Asks one short question after another; for the event loop that is running when it is made.

    Args:
        connection: an asynchronous one, of which nobody else makes use.
    """

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self._connection = connection
        self._socket = connection.fileno()
        self._answered: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._take)

    async def ask(self, question: str) -> object:
        """Return the one value that answers a statement; the answer to the last one must have been awaited.

        Raises:
            psycopg2.Error: the connection was lost, or the database refuses.
        """
        self._answered = self._loop.create_future()
        with self._connection.cursor() as cursor:
            cursor.execute(question)
            await self._answered
            ((value,),) = cursor.fetchall()
            return value

    def _take(self) -> None:
        """Take in what the server says, asked or not, as when it goes."""
        failure = None
        try:
            if self._connection.poll() != psycopg2.extensions.POLL_OK:
                return
        except psycopg2.Error as refusal:
            failure = refusal
            if self._connection.closed:
                self._loop.remove_reader(self._socket)
        if self._answered is None or self._answered.done():
            return
        if failure is None:
            self._answered.set_result(None)
        else:
            self._answered.set_exception(failure)

    def close(self) -> None:
        """Give the connection up; the event loop may have ended."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        self._connection.close()
