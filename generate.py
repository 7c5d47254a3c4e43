"""python generate.py --prompt 春眠不觉晓: see `python generate.py --help`."""

import sys

from keras_gpt2.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["generate", *sys.argv[1:]]))
