from .perceptron import Perceptron


class Convolutional(Perceptron):
    pass
