"""What extends Kedro: configuration layers, session, hooks and commands."""
