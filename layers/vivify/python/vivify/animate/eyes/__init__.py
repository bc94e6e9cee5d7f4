"""The eyes: an eyeball behind the lids, where it looks, and lids that a network paints over it as they close."""
