"""Models as ONNX out of plain arithmetic, which every engine knows: dais's own server needs
no runtime of the environment for them."""

import numpy
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 17


class Graph:
    """A model of one input, built up operation by operation."""

    def __init__(self, width, name="input"):
        self.input = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
        self.nodes, self.constants, self.count = [], [], 0
        self.last = name

    def constant(self, value, dtype=numpy.float32):
        self.count += 1
        name = f"constant_{self.count}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(value, dtype), name))
        return name

    def add(self, operation, *inputs, **attributes):
        self.count += 1
        output = f"{operation.lower()}_{self.count}"
        self.nodes.append(helper.make_node(operation, list(inputs), [output], **attributes))
        self.last = output
        return output

    def scaled(self, scaling):
        """What `Scaling.apply` does."""
        source = self.last
        parts = []
        if scaling.numeric:
            given = self.add("Gather", source, self.constant(scaling.numeric, numpy.int64), axis=1)
            filled = self.add("Where", self.add("IsNaN", given), self.constant(scaling.median[None]), given)
            centred = self.add("Sub", filled, self.constant(scaling.mean[None]))
            parts.append(self.add("Div", centred, self.constant(scaling.deviation[None])))
        for place, kinds in enumerate(scaling.kinds):
            if kinds:
                one = self.add("Gather", source, self.constant([place], numpy.int64), axis=1)
                # A distance of 0 is a hit: comparing for equality is not in every engine.
                away = self.add("Abs", self.add("Sub", one, self.constant([numpy.arange(kinds)])))
                hit = self.add("Less", away, self.constant(0.5))
                parts.append(self.add("Cast", hit, to=TensorProto.FLOAT))
        if len(parts) > 1:
            self.add("Concat", *parts, axis=1)
        return self

    def dense(self, weights, bias):
        """weights: [inputs, outputs]"""
        self.add("Add", self.add("MatMul", self.last, self.constant(weights)), self.constant(numpy.atleast_2d(bias)))
        return self

    def then(self, operation, **attributes):
        self.add(operation, self.last, **attributes)
        return self

    def trees(self, trees, groups, start):
        """The sum of the leaves that a row falls into, for each of `groups` answers.

        trees: (group, nodes) with nodes as scikit-learn's histogram boosting keeps them. All
        trees are walked at once: every node decides, and the one leaf hit is that for which all
        nodes above it have decided in its favour.
        """
        shapes = [shape_of(nodes) for _, nodes in trees]
        deciding = max(len(inner) for inner, *_ in shapes)
        leaves = max(len(values) for *_, values in shapes)
        feature = numpy.zeros((len(trees), deciding), numpy.int64)
        threshold = numpy.zeros((len(trees), deciding), numpy.float32)
        missing = numpy.zeros((len(trees), deciding), numpy.float32)
        path = numpy.zeros((len(trees), deciding, leaves), numpy.float32)
        # What no row reaches: leaves that a smaller tree does not have.
        wanted = numpy.full((len(trees), 1, leaves), -leaves - 9, numpy.float32)
        value = numpy.zeros((len(trees), leaves, groups), numpy.float32)
        for place, ((group, nodes), (inner, ways, values)) in enumerate(zip(trees, shapes)):
            feature[place, : len(inner)] = nodes["feature_idx"][inner]
            threshold[place, : len(inner)] = below(nodes["num_threshold"][inner])
            missing[place, : len(inner)] = nodes["missing_go_to_left"][inner]
            path[place, : len(inner), : len(values)] = ways
            wanted[place, 0, : len(values)] = (ways > 0).sum(axis=0)
            value[place, : len(values), group] = values
        given = self.add("Gather", self.last, self.constant(feature.ravel(), numpy.int64), axis=1)
        left = self.add("Cast", self.add("LessOrEqual", given, self.constant(threshold.reshape(1, -1))), to=TensorProto.FLOAT)
        decided = self.add("Where", self.add("IsNaN", given), self.constant(missing.reshape(1, -1)), left)
        rows = self.add("Reshape", decided, self.constant([-1, len(trees), deciding], numpy.int64))
        agreed = self.add("MatMul", self.add("Transpose", rows, perm=[1, 0, 2]), self.constant(path))
        away = self.add("Abs", self.add("Sub", agreed, self.constant(wanted)))
        hit = self.add("Cast", self.add("Less", away, self.constant(0.5)), to=TensorProto.FLOAT)
        each = self.add("MatMul", hit, self.constant(value))
        total = self.add("ReduceSum", each, self.constant([0], numpy.int64), keepdims=0)
        self.add("Add", total, self.constant(numpy.reshape(start, (1, groups))))
        return self

    def model(self, width, name):
        self.nodes.append(helper.make_node("Identity", [self.last], [name]))
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
        graph = helper.make_graph(self.nodes, "model", [self.input], [output], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        checker.check_model(model)
        return model


def shape_of(nodes):
    """The nodes that decide, which way leads from each to every leaf (1 left, -1 right, 0 not
    at all), and what the leaves say."""
    inner, leaves = numpy.flatnonzero(nodes["is_leaf"] == 0), numpy.flatnonzero(nodes["is_leaf"])
    ways = numpy.zeros((len(inner), len(leaves)), numpy.float32)
    row = {int(node): place for place, node in enumerate(inner)}
    column = {int(node): place for place, node in enumerate(leaves)}

    def walk(node, above):
        if node in column:
            for place, way in above:
                ways[place, column[node]] = way
            return
        walk(int(nodes["left"][node]), [*above, (row[node], 1)])
        walk(int(nodes["right"][node]), [*above, (row[node], -1)])

    walk(0, [])
    return inner, ways, nodes["value"][leaves]


def below(thresholds):
    """The largest float32 that is not above each: rows are float32, and fall on the same side."""
    rounded = thresholds.astype(numpy.float32)
    return numpy.where(rounded > thresholds, numpy.nextafter(rounded, numpy.float32(-numpy.inf)), rounded)
