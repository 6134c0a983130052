"""Answers the cases of gbstats.rs with gbstats. JSON in, JSON out.

gbstats 0.8.0 is the newest that PyPI has; GrowthBook's repository has gone on
since: bandits, power, one-sided sequential bounds, and another variance of a
relative effect with a covariate. What the imported one lacks is left out.
"""

import json
import sys
import warnings

from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import (
    ProportionStatistic,
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
)
from gbstats.utils import check_srm

try:
    from gbstats.bayesian.bandits import BanditConfig, BanditsSimple
    from gbstats.frequentist.tests import (
        SequentialOneSidedTreatmentGreaterTTest,
        SequentialOneSidedTreatmentLesserTTest,
    )
    from gbstats.models.tests import BaseConfig
    from gbstats.power.midexperimentpower import MidExperimentPower, MidExperimentPowerConfig

    RELEASED = False
except ImportError:
    RELEASED = True


def statistic(sums):
    n = sums["count"]
    if sums["kind"] == "proportion":
        return ProportionStatistic(n=n, sum=sums["sum"])
    if sums["kind"] == "mean":
        return SampleMeanStatistic(n=n, sum=sums["sum"], sum_squares=sums["sumSquares"])
    first = SampleMeanStatistic(n=n, sum=sums["firstSum"], sum_squares=sums["firstSumSquares"])
    second = SampleMeanStatistic(n=n, sum=sums["secondSum"], sum_squares=sums["secondSumSquares"])
    if sums["kind"] == "ratio":
        return RatioStatistic(
            n=n, m_statistic=first, d_statistic=second, m_d_sum_of_products=sums["sumProducts"]
        )
    return RegressionAdjustedStatistic(
        n=n,
        post_statistic=first,
        pre_statistic=second,
        post_pre_sum_of_products=sums["sumProducts"],
        theta=0 if RELEASED else None,
    )


def run(test, case, config):
    arms = statistic(case["control"]), statistic(case["variant"])
    return test(*arms, config) if RELEASED else test([arms], config)


def good(result):
    error = getattr(result, "error_message", None) or getattr(result, "errorMessage", None)
    assert error is None, error
    return result


def frequentist(test):
    result = good(test.compute_result())
    return {
        "estimate": result.expected,
        "standardError": result.uplift.stddev,
        "pValue": getattr(result, "p_value", None) if RELEASED else test.p_value,
        "lower": result.ci[0],
        "upper": result.ci[1],
    }


def bayesian(case, kind, prior, lower=False):
    config = EffectBayesianConfig(
        difference_type=case["kind"],
        alpha=case["alpha"],
        inverse=lower,
        prior_type=kind,
        prior_effect=prior,
    )
    result = good(run(EffectBayesianABTest, case, config).compute_result())
    return {
        "estimate": result.expected,
        "deviation": result.uplift.stddev,
        "lower": result.ci[0],
        "upper": result.ci[1],
        "chanceToWin": result.chance_to_win if RELEASED else result.chanceToWin,
        "riskControl": result.risk[0],
        "riskVariant": result.risk[1],
    }


def power(case, settings, name, variations=2, sequential=False, prior=GaussianPrior()):
    config = BaseConfig(difference_type=case["kind"], alpha=case["alpha"])
    fixed = FrequentistConfig(difference_type=case["kind"], alpha=case["alpha"])
    test = run(TwoSidedTTest, case, fixed)

    def finding(effect):
        return MidExperimentPower(
            test.moments_result,
            good(test.compute_result()),
            config,
            MidExperimentPowerConfig(
                target_power=0.8,
                target_mde=effect,
                num_goal_metrics=1,
                num_variations=variations,
                prior_effect=prior,
                p_value_corrected=variations > 2,
                sequential=sequential,
                sequential_tuning_parameter=settings["tuning"],
            ),
        )

    wanted = finding(settings["wanted"])
    return {
        "now": wanted.power(0),
        "doubled": wanted.power(1),
        "hundredfold": wanted.power(99),
        "growth": wanted.calculate_scaling_factor().scaling_factor,
        # Of the smallest effect that is said to be found with a power of 0.8.
        "ofDetectable": finding(case["detectable"][name]).power(0),
    }


def pair(case, settings):
    if RELEASED and case["control"]["kind"] == "adjusted" and case["kind"] == "relative":
        return None
    alpha, kind = case["alpha"], case["kind"]
    fixed = FrequentistConfig(difference_type=kind, alpha=alpha)
    looked = SequentialConfig(
        difference_type=kind, alpha=alpha, sequential_tuning_parameter=settings["tuning"]
    )
    flat = GaussianPrior(proper=False)
    normal = GaussianPrior(
        mean=settings["priorMean"], variance=settings["priorDeviation"] ** 2, proper=True
    )
    answer = {
        "fixed": frequentist(run(TwoSidedTTest, case, fixed)),
        "sequential": frequentist(run(SequentialTwoSidedTTest, case, looked)),
        "flat": bayesian(case, "relative", flat),
        "flatLower": bayesian(case, "relative", flat, lower=True),
        "relativePrior": bayesian(case, "relative", normal),
    }
    # The unreleased one compares its whole configuration with the word "absolute",
    # and so does not rescale such a prior for a relative effect.
    if RELEASED or kind == "absolute":
        answer["absolutePrior"] = bayesian(case, "absolute", normal, lower=True)
    if RELEASED:
        return answer
    greater = run(SequentialOneSidedTreatmentGreaterTTest, case, looked)
    lesser = run(SequentialOneSidedTreatmentLesserTTest, case, looked)
    answer["oneSided"] = {
        "lower": greater.confidence_interval[0],
        "upper": lesser.confidence_interval[1],
    }
    for name, how in {
        "powerFixed": {},
        "powerOfThree": {"variations": 4},
        "powerSequential": {"sequential": True},
        "powerPrior": {"prior": normal},
    }.items():
        answer[name] = power(case, settings, name, **how)
    return answer


def bandit(case):
    if RELEASED:
        return None
    stats = []
    for arm in map(statistic, case["arms"]):
        # A bandit takes proportions as means of zeros and ones.
        if isinstance(arm, ProportionStatistic):
            arm = SampleMeanStatistic(n=arm.n, sum=arm.sum, sum_squares=arm.sum)
        stats.append(arm)
    even = [1 / len(stats)] * len(stats)
    config = BanditConfig(
        bandit_weights_seed=case["seed"],
        top_two=case["topTwo"],
        inverse=case["lower"],
        min_variation_weight=0.01,
    )
    result = BanditsSimple(stats, even, config).compute_result()
    return {"best": result.best_arm_probabilities, "shares": result.bandit_weights}


def main():
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    answered = {
        "pairs": [pair(case, asked["settings"]) for case in asked["pairs"]],
        "splits": [check_srm(case["users"], case["shares"]) for case in asked["splits"]],
        "bandits": [bandit(case) for case in asked["bandits"]],
    }
    json.dump({"asked": asked, "answered": answered}, sys.stdout, default=float)


if __name__ == "__main__":
    main()
