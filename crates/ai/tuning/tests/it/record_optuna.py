"""What Optuna's samplers reach on the functions of functions.rs.

Written to optuna.tsv, which merit.rs compares with: seeds are fixed on both
sides, so running Optuna in every build would repeat the same figures, for
which it brings SQLAlchemy and Alembic.
Anew: python -m venv v && v/bin/pip install optuna && v/bin/python record_optuna.py > optuna.tsv
"""

import math
import statistics

import optuna

TRIALS = 100
SEEDS = 30


def sphere(trial):
    points = [trial.suggest_float(f"x{at}", -5.0, 5.0) for at in range(5)]
    return sum((x - (1.3 * (at - 2) + 0.3)) ** 2 for at, x in enumerate(points))


def branin(trial):
    x, y = trial.suggest_float("x", -5.0, 10.0), trial.suggest_float("y", 0.0, 15.0)
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def rates(trial):
    def off(value, best):
        return math.log10(value / best) ** 2

    rate = trial.suggest_float("rate", 1e-6, 1.0, log=True)
    decay = trial.suggest_float("decay", 1e-8, 0.1, log=True)
    units = trial.suggest_int("units", 8, 4096, log=True)
    return off(rate, 0.003) + 0.5 * off(decay, 1e-4) + off(units, 256)


def mixed(trial):
    optimizers = {"sgd": (0.6, 0.1), "momentum": (0.3, 0.03), "adam": (0.0, 0.001), "rmsprop": (0.2, 0.001)}
    schedules = {"none": 0.3, "step": 0.1, "cosine": 0.0}
    floor, best = optimizers[trial.suggest_categorical("optimizer", list(optimizers))]
    floor += schedules[trial.suggest_categorical("schedule", list(schedules))]
    rate = math.log10(trial.suggest_float("rate", 1e-5, 1.0, log=True) / best) ** 2
    layers = ((trial.suggest_int("layers", 1, 12) - 5) / 4) ** 2
    dropout = ((trial.suggest_float("dropout", 0.0, 0.9, step=0.05) - 0.25) / 0.5) ** 2
    return floor + rate + layers + dropout


# A point of each, so that the two texts of a function cannot part unnoticed.
PROBES = {
    "sphere": {f"x{at}": at - 1.5 for at in range(5)},
    "branin": {"x": 2.5, "y": 7.25},
    "rates": {"rate": 0.02, "decay": 3e-6, "units": 100},
    "mixed": {"optimizer": "momentum", "schedule": "step", "rate": 0.004, "layers": 9, "dropout": 0.6},
}


def median(function, sampler, lowest):
    bests = []
    for seed in range(SEEDS):
        study = optuna.create_study(sampler=sampler(seed))
        study.optimize(function, n_trials=TRIALS)
        bests.append(study.best_value - lowest)
    return statistics.median(bests)


optuna.logging.set_verbosity(optuna.logging.ERROR)
print(f"# record_optuna.py with Optuna {optuna.__version__}: {TRIALS} trials, medians of {SEEDS} seeds, above the lowest cost")
print("function\tprobe\trandom\ttpe\tjoint")
for function in (sphere, branin, rates, mixed):
    name = function.__name__
    lowest = 0.397887357729739 if name == "branin" else 0.0
    probe = function(optuna.trial.FixedTrial(PROBES[name]))
    random = median(function, lambda seed: optuna.samplers.RandomSampler(seed=seed), lowest)
    # As in the paper, one parameter at a time; and all of them at once, which is the default since 5.0.
    apart, joint = (
        median(function, lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=multivariate), lowest)
        for multivariate in (False, True)
    )
    print(f"{name}\t{probe!r}\t{random:.6g}\t{apart:.6g}\t{joint:.6g}", flush=True)
