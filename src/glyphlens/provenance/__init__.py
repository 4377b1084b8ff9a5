"""What a stage's outputs are made from: its code and its parameters. Nothing here changes what a stage computes."""
