"""Text to token ids and back: WordPiece for Chinese, byte-level BPE for English."""
