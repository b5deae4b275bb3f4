"""`pingback token`."""

import click

import pingback
from pingback.cli.options import NO, print_json, stop, subcommand
from pingback.model import iso
from pingback.settings import Settings


@subcommand("token", example="pingback token --db sqlite:///pingback.db")
@click.option("--revoke", is_flag=True, help="End the token: nothing answers at /publish then.")
@click.option("--show", is_flag=True, help="Say whether there is a token, and since when.")
def command(settings: Settings, revoke: bool, show: bool) -> None:
    """Make a token, with which other machines publish by POST /publish of the server.

    It is printed this once, as only a hash of it is kept. The token before it, and the status pages of what that
    published, end at once. While there is no token, nothing answers at /publish.
    """
    if revoke and show:
        raise click.UsageError("--revoke and --show exclude one another")
    with pingback.Store(settings.db, create=not (revoke or show)) as store:
        if show:
            _show(settings, store)
        elif revoke:
            revoked = store.secrets.revoke_token()
            _tell(settings, {"revoked": revoked}, "The token is revoked." if revoked else "There was no token.")
        else:
            with pingback.Site.from_settings(settings, store=store) as site:
                replaced = store.secrets.token() is not None
                token = site.new_token()
            _tell(settings, {"token": token, "replaced": replaced}, token)
            if replaced:
                click.echo("pingback: the token before it is no longer valid", err=True)


def _show(settings: Settings, store: "pingback.Store") -> None:
    token = store.secrets.token()
    if token is None:
        _tell(settings, {"exists": False, "made": None}, "There is no token.")
        stop(NO)
    _tell(settings, {"exists": True, "made": iso(token.made)}, f"A token was made on {token.made:%Y-%m-%d %H:%M} UTC.")


def _tell(settings: Settings, said: dict[str, object], text: str) -> None:
    if settings.json:
        print_json(said)
    else:
        click.echo(text)
