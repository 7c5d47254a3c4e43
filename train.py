"""python train.py --corpus poetry: see `python train.py --help`."""

import sys

from keras_gpt2.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
