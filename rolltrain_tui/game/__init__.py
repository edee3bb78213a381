"""One turn and one campaign: where the rules meet the training."""
