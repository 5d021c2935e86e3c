#!/bin/sh
# Trains the models that the documents quote, each by one command of the program.
#
#   tools/train-models.sh tabular|pictures|resnets FOLDER [DATA]
#
# tabular   eight small nets with three seeds each: a few minutes; the results are committed in models/
# pictures  LeNet-5 on MNIST and the CNNs on Fashion-MNIST: some hours on two cores; the small CNN is committed, too
# resnets   ResNet9 on Fashion-MNIST and CIFAR-10, ResNet8 on CIFAR-10: some hours on two cores; a killed run goes on
#           where it was
#
# DATA is the folder with the data sets (default: the program's search path). HALFTONE names the program, THREADS the
# number of threads.
set -eu
what=${1:?tabular, pictures or resnets}
folder=${2:?a folder for the models}
data=${3:+--data-dir $3}
program=${HALFTONE:-build/halftone}
mkdir -p "$folder"

# train NAME OPTIONS...: skips what is there already, so that the script may be run again after a stop.
train() {
    name=$1
    shift
    if [ -e "$folder/$name.onnx" ]; then
        echo "$name.onnx is there already"
    else
        # shellcheck disable=SC2086
        "$program" train "$@" --validation none --threads "${THREADS:-2}" $data -q -o "$folder/$name.onnx" |
            sed -n "s/^test/$name/p"
    fi
}

case $what in
tabular)
    for seed in 0 1 2; do
        for set in telescope churn mv california; do
            for arch in simple complex; do
                train "$set-mlp-$arch-s$seed" --arch "mlp-$arch" --data "$set:train+validation" --seed "$seed"
            done
        done
    done
    ;;
pictures)
    train fashion-mnist-small --arch cnn-small --data fashion-mnist
    for seed in 0 1 2; do
        train "mnist-lenet5-s$seed" --arch lenet5 --data mnist:train+validation --seed "$seed"
    done
    for seed in 0 1 2; do
        train "fashion-mnist-cnn-s$seed" --arch cnn-vanilla --data fashion-mnist-capstone:train+validation \
            --precision bf16 --augment flip --epochs "$([ "$seed" = 0 ] && echo 6 || echo 4)" --seed "$seed"
    done
    ;;
resnets)
    train cifar10-resnet8-s0 --arch resnet8 --data cifar-10-jpeg:train+validation --precision bf16 --epochs 20 --seed 0
    train cifar10-resnet8-s0-polished --from "$folder/cifar10-resnet8-s0.onnx" --data cifar-10-jpeg:train+validation \
        --precision bf16 --augment crop:4,flip --optimizer adamw --epochs 8 --lr 0.003 --schedule onecycle --seed 0
    train fashion-mnist-resnet9-s0 --arch resnet9 --data fashion-mnist-capstone:train+validation --precision bf16 \
        --augment flip --epochs 6 --seed 0
    train fashion-mnist-resnet9-s0-polished --from "$folder/fashion-mnist-resnet9-s0.onnx" \
        --data fashion-mnist-capstone:train+validation --precision bf16 --augment flip --epochs 2 --lr 0.002 \
        --schedule cosine --seed 0
    train cifar10-resnet9-s0 --arch resnet9 --data cifar-10-jpeg:train+validation --precision bf16 --augment flip \
        --epochs 4 --seed 0
    train cifar10-cnn-s0 --arch cnn-vanilla --data cifar-10-jpeg:train+validation --precision bf16 --augment flip \
        --epochs 5 --seed 0
    ;;
*)
    echo "tabular, pictures or resnets, not $what" >&2
    exit 2
    ;;
esac
