"""Models of objects, trained before or without a classifier: VQ-VAEs whose codes are tokens
(`vqvae`), autoencoders (`autoencoders`).
"""
