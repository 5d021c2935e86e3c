"""Trains one of the reference architectures with PyTorch on random data and prints images per second.

    python3 torch_side.py ARCH BATCH THREADS SECONDS      prints a line of JSON

The settings are those that a PyTorch user would choose on a CPU: float32, channels-last memory for the networks of
convolutions (the faster of the two on this kind of processor), fused Adam where the version has it.
"""
import json
import resource
import sys
import time

import torch
from torch import nn


def conv_bn(inputs, outputs, pool=None):
    layers = [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *([nn.MaxPool2d(pool)] if pool else []))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(conv_bn(channels, channels), conv_bn(channels, channels))

    def forward(self, x):
        return x + self.body(x)


def mlp_complex():
    widths = [10, 20, 40, 60, 30]
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b), nn.ReLU(), nn.Dropout(0.1)]
    return nn.Sequential(*layers, nn.Linear(30, 2)), (10,), 2


def cnn_vanilla():
    def block(a, b, norm):
        return [nn.Conv2d(a, b, 3, padding=1)] + ([nn.BatchNorm2d(b)] if norm else []) + [nn.ReLU(inplace=True)]

    layers = block(3, 32, True) + block(32, 64, False) + [nn.MaxPool2d(2), nn.Dropout(0.2)]
    layers += block(64, 128, True) + [nn.Dropout(0.3)] + block(128, 128, True) + [nn.MaxPool2d(2)]
    layers += block(128, 256, True) + block(256, 256, True) + [nn.MaxPool2d(2), nn.Dropout(0.3), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(4096, 512), nn.ReLU(), nn.Linear(512, 10)), (3, 32, 32), 10


def resnet9():
    return nn.Sequential(conv_bn(3, 64), conv_bn(64, 128, 2), Residual(128), conv_bn(128, 256, 2),
                         conv_bn(256, 512, 2), Residual(512), nn.MaxPool2d(4), nn.Flatten(),
                         nn.Linear(512, 10)), (3, 32, 32), 10


def main():
    arch, batch, threads, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net, shape, classes = {"mlp-complex": mlp_complex, "cnn-vanilla": cnn_vanilla, "resnet9": resnet9}[arch]()
    x, y = torch.randn(batch, *shape), torch.randint(0, classes, (batch,))
    if len(shape) == 3:
        net, x = net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    loss_of = nn.CrossEntropyLoss()
    net.train()

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(3):
        step()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        count += 1
    taken = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"runtime": "pytorch", "version": torch.__version__, "arch": arch, "batch": batch,
                      "threads": threads, "images_per_second": count * batch / taken, "peak_bytes": peak}))


main()
