"""Finds groups of rows that are alike with k-means, and says how well they part."""

import mlflow
import numpy
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

import job
import results
import tables
from graph import Graph
from job import Mistake, say

#: Rows that the silhouette is measured on: it compares each with each.
MEASURED = 5000


def train(parameters):
    table = tables.read(job.folder_of("data"))
    features = tables.Features(table, leave_out=parameters["leave_out"], only=parameters["columns"])
    matrix = features.matrix(table)
    scaling = tables.Scaling(matrix, features.categories)
    points = scaling.apply(matrix)
    different = len(numpy.unique(points, axis=0))
    least, most = parameters["least"], parameters["most"]
    if least > most:
        raise Mistake(f"the parameter least ({least}) is above most ({most})")
    if different <= most:
        raise Mistake(f"{different} different rows cannot be parted into up to {most} groups; lower the parameter most")
    say(f"{len(points)} rows, {len(features.names)} columns")

    with mlflow.start_run():
        mlflow.log_params(parameters)
        best = None
        for groups in range(least, most + 1):
            model = KMeans(groups, n_init=parameters["starts"], random_state=parameters["seed"]).fit(points)
            sample = min(len(points), MEASURED)
            silhouette = silhouette_score(points, model.labels_, sample_size=sample, random_state=parameters["seed"])
            mlflow.log_metrics({"silhouette": silhouette, "inertia": model.inertia_}, step=groups)
            say(f"{groups} groups silhouette {silhouette:.4f} inertia {model.inertia_:.6g}")
            if best is None or silhouette > best[0]:
                best = silhouette, model
        silhouette, model = best
        groups = len(model.cluster_centers_)
        sizes = numpy.bincount(model.labels_, minlength=groups)
        mlflow.log_metrics({"best_silhouette": silhouette, "groups": groups})
        say(f"{groups} groups of {', '.join(map(str, sizes))} rows, silhouette {silhouette:.4f}")
        members = table.assign(group=model.labels_)
        mlflow.log_text(members.to_csv(index=False), "members.csv")

        # Squared distances to all centres: |c|² − 2·x·c orders them as they are, and adding
        # |x|² makes them distances.
        centres = model.cluster_centers_
        graph = Graph(len(features.names)).scaled(scaling)
        point = graph.last
        own = graph.add("MatMul", graph.add("Mul", point, point), graph.constant(numpy.ones((centres.shape[1], groups))))
        graph.last = point
        graph.dense(-2 * centres.T, (centres**2).sum(axis=1))
        graph.add("Sqrt", graph.add("Relu", graph.add("Add", graph.last, own)))
        about = {"columns": features.described(), "sizes": sizes.tolist()}
        distances = model.transform(points[:2]).astype(numpy.float32)
        results.keep(graph.model(groups, "distances"), matrix[:2], distances, about)


job.run(train)
