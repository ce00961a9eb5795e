"""hailuo-batch completion"""

import click

from hailuo_batch.cli.output import print_text


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL; source it from your shell's start-up file.

    \b
    bash: echo 'eval "$(hailuo-batch completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(hailuo-batch completion zsh)"' >> ~/.zshrc
    fish: hailuo-batch completion fish > ~/.config/fish/completions/hailuo-batch.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click has no completion for {shell}")
    root = ctx.find_root()
    print_text(found(root.command, {}, "hailuo-batch", "_HAILUO_BATCH_COMPLETE").source())
