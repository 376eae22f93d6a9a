"""What a community makes its score of, where it is not the usual."""

from collections.abc import Mapping

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import load_queries


def load_terms(connection: PostgresConnection, community_id: int) -> dict[str, float]:
    """Return the weights by indicator that a community has set, the heaviest first; none if it has not."""
    return dict(load_queries("scores").list_terms(connection, community_id=community_id))


def lock_score(connection: PostgresConnection, community_id: int) -> None:
    """Wait until nobody else changes the score of a community; hold until the transaction ends."""
    load_queries("scores").lock_score(connection, community_id=community_id)


def write_terms(connection: PostgresConnection, community_id: int, weights: Mapping[str, float]) -> None:
    """Set the weights of a community in place of those it had; none for the usual ones."""
    queries = load_queries("scores")
    queries.clear_terms(connection, community_id=community_id)
    for indicator_id, weight in weights.items():
        queries.put_term(connection, community_id=community_id, indicator_id=indicator_id, weight=weight)
