"""A network of dense layers in PyTorch, for classes and for numbers. It goes on from its
last checkpoint after an interruption."""

import os

import mlflow
import numpy
import pandas
import torch
from sklearn.model_selection import train_test_split
from torch import nn

import job
import results
import tables
from graph import Graph
from job import Mistake, say

FEWEST_ROWS = 20


def network(width, hidden, answers, dropout):
    layers = []
    for size in hidden:
        layers += [nn.Linear(width, size), nn.ReLU(), nn.Dropout(dropout)]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, answers))


class Checkpoint:
    """The state after an epoch, replaced as a whole: a crash leaves the one before."""

    def __init__(self, folder, shape):
        self.path = folder / "network.pt" if folder else None
        self.shape = shape

    def load(self, model, optimizer):
        """The epoch to go on after."""
        if self.path is None or not self.path.exists():
            return 0, numpy.inf, None
        state = torch.load(self.path, weights_only=True)
        if state["shape"] != self.shape:
            say("the checkpoint is of another network or other data and not used")
            return 0, numpy.inf, None
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        say(f"goes on after epoch {state['epoch']}")
        return state["epoch"], state["best"], state["best_model"]

    def save(self, epoch, model, optimizer, best, best_model):
        if self.path is None:
            return
        state = {"shape": self.shape, "epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "best": best, "best_model": best_model}
        half = self.path.with_suffix(".half")
        with open(half, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.path)


def target_of(target, task):
    """The values to learn, and the names of the classes where they are classes."""
    numeric = pandas.api.types.is_numeric_dtype(target)
    few = target.nunique() <= 20
    if task == "classification" or task == "auto" and (not numeric or few):
        names, values = numpy.unique(target.astype(str), return_inverse=True)
        if numpy.bincount(values).min() < 2:
            raise Mistake(f"class {names[numpy.bincount(values).argmin()]!r} has one row; each needs two or more")
        return values, [str(name) for name in names]
    return tables.numbers(target), []


def train(parameters):
    table = tables.read(job.folder_of("data"))
    table, target = tables.target_of(table, parameters["target"])
    if len(table) < FEWEST_ROWS:
        raise Mistake(f"{len(table)} rows are too few; {FEWEST_ROWS} or more are needed")
    features = tables.Features(table, leave_out=[parameters["target"]], only=parameters["columns"])
    values, names = target_of(target, parameters["task"])
    matrix, seed = features.matrix(table), parameters["seed"]
    stratify = values if names else None
    parts = train_test_split(matrix, values, test_size=parameters["test_share"], random_state=seed, stratify=stratify)
    learn_x, test_x, learn_y, test_y = parts
    scaling = tables.Scaling(learn_x, features.categories)
    # Numbers are learned around 0 too, and put back at the end.
    level, spread = (0.0, 1.0) if names else (float(learn_y.mean()), float(learn_y.std()) or 1.0)

    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind = torch.long if names else torch.float32

    def tensors(inputs, wanted):
        wanted = wanted if names else (wanted - level) / spread
        return torch.from_numpy(scaling.apply(inputs)).to(device), torch.tensor(wanted, dtype=kind, device=device)

    (learn_in, learn_out), (test_in, test_out) = tensors(learn_x, learn_y), tensors(test_x, test_y)
    answers = len(names) or 1
    model = network(learn_in.shape[1], parameters["hidden"], answers, parameters["dropout"]).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=parameters["learning_rate"], weight_decay=parameters["weight_decay"])
    loss_of = nn.CrossEntropyLoss() if names else lambda given, wanted: nn.functional.mse_loss(given[:, 0], wanted)
    shape = [learn_in.shape[1], *parameters["hidden"], answers, len(learn_in)]
    checkpoint = Checkpoint(job.checkpoint_folder(), shape)
    say(f"{len(matrix)} rows, {len(features.names)} columns on {device}; {len(test_x)} rows are held out")

    with mlflow.start_run():
        mlflow.log_params(parameters)
        began, best, best_model = checkpoint.load(model, optimizer)
        for epoch in range(began + 1, parameters["epochs"] + 1):
            model.train()
            # By the epoch: one that is run again after an interruption is the same.
            order = torch.from_numpy(numpy.random.default_rng([seed, epoch]).permutation(len(learn_in))).to(device)
            total = 0.0
            for batch in order.split(parameters["batch"]):
                optimizer.zero_grad()
                loss = loss_of(model(learn_in[batch]), learn_out[batch])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
            model.eval()
            with torch.no_grad():
                given = model(test_in)
                measured = {"loss": total / len(learn_in), "val_loss": loss_of(given, test_out).item()}
            if not numpy.isfinite(measured["loss"]):
                raise Mistake(f"the loss is {measured['loss']} after epoch {epoch}: lower the parameter learning_rate")
            if names:
                measured["val_accuracy"] = (given.argmax(1) == test_out).float().mean().item()
            mlflow.log_metrics(measured, step=epoch)
            say(f"epoch {epoch}/{parameters['epochs']} " + " ".join(f"{name} {value:.4f}" for name, value in measured.items()))
            if measured["val_loss"] < best:
                best = measured["val_loss"]
                best_model = {name: value.clone() for name, value in model.state_dict().items()}
            checkpoint.save(epoch, model, optimizer, best, best_model)

        model.load_state_dict(best_model)
        model.eval()
        with torch.no_grad():
            given = model(test_in)
        if names:
            chances = given.softmax(1).cpu().numpy()
            measured = {"accuracy": float((chances.argmax(1) == test_y).mean())}
            answer = chances
        else:
            answer = given.cpu().numpy() * spread + level
            squares = (answer[:, 0] - test_y) ** 2
            measured = {"rmse": float(numpy.sqrt(squares.mean())), "r2": float(1 - squares.mean() / test_y.var())}
        mlflow.log_metrics(measured)
        say(" ".join(f"{name} {value:.4f}" for name, value in measured.items()))

        graph = Graph(len(features.names)).scaled(scaling)
        dense = [layer for layer in model.cpu() if isinstance(layer, nn.Linear)]
        for place, layer in enumerate(dense):
            graph.dense(layer.weight.detach().numpy().T, layer.bias.detach().numpy())
            if place < len(dense) - 1:
                graph.then("Relu")
        if names:
            graph.then("Softmax", axis=1)
        else:
            graph.add("Add", graph.add("Mul", graph.last, graph.constant([[spread]])), graph.constant([[level]]))
        about = {"columns": features.described(), "classes": names, "target": parameters["target"]}
        name = "probabilities" if names else parameters["target"]
        results.keep(graph.model(answers, name), test_x[:2], answer[:2].astype(numpy.float32), about)


job.run(train)
