import numpy as np
import pytest
from cases import LANDSCAPES
from messages import exactly

from gdlab import problems


def points(landscape, count=50):
    low, high = np.transpose(landscape.box)
    return np.random.default_rng(0).uniform(low, high, (count, landscape.parameters))


def gradient(landscape, theta):
    out = np.empty_like(theta)
    landscape.gradient(theta, out)
    return out


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=str)
def test_gradient_and_hessian_agree_with_central_differences(landscape):
    theta, h = points(landscape), 1e-5  # error of order h² and 1e-16 / h
    slope, curvature = gradient(landscape, theta), landscape.hessian(theta)
    for i, step in enumerate(h * np.eye(landscape.parameters)):
        rise = (landscape.cost(theta + step) - landscape.cost(theta - step)) / (2 * h)
        turn = (gradient(landscape, theta + step) - gradient(landscape, theta - step)) / (2 * h)
        assert np.abs(rise - slope[:, i]).max() < 1e-7 * np.abs(slope).max()
        assert np.abs(turn - curvature[:, i]).max() < 1e-7 * np.abs(curvature).max()


@pytest.mark.parametrize("landscape", LANDSCAPES, ids=str)
def test_minima_are_flat_and_curve_upwards(landscape):
    minima = landscape.minima
    if isinstance(landscape, problems.Saddle | problems.UV):
        assert len(minima) == 0
        return
    scale = np.abs(landscape.hessian(minima)).max()
    assert np.abs(gradient(landscape, minima)).max() < 1e-14 * scale * max(1, np.abs(minima).max())
    assert np.linalg.eigvalsh(landscape.hessian(minima)).min() > 0
    costs = landscape.cost(minima)
    assert (np.diff(costs) >= -1e-12).all()  # global ones first
    assert costs[0] <= landscape.cost(points(landscape, 5000)).min()


def test_the_lessons_slopes():
    bowl, parabola = problems.Bowl(), problems.Parabola()
    corner = np.array([[3.0, 4.0]])
    assert bowl.cost(corner) == [25]
    assert gradient(bowl, corner).tolist() == [[6, 8]]
    assert parabola.cost(np.array([[3.0]])) == [9]
    assert gradient(parabola, np.array([[3.0]])) == [[6]]


QUADRATICS = [
    problems.Parabola(curvature=0.3, center=1.0),
    problems.Bowl(curvature=7.0),
    problems.Ravine(curvature=5.0, condition=100.0),
]


@pytest.mark.parametrize("quadratic", QUADRATICS, ids=str)
def test_the_curvature_is_the_hessians_largest_eigenvalue_everywhere(quadratic):
    hessians = quadratic.hessian(points(quadratic))
    assert np.linalg.eigvalsh(hessians)[:, -1] == pytest.approx(quadratic.curvature, rel=1e-15)
    assert (hessians == hessians[0]).all()


def test_the_condition_is_the_ratio_of_the_curvatures():
    low, high = np.linalg.eigvalsh(problems.Ravine(curvature=5.0, condition=100.0).hessian(np.zeros((1, 2))))[0]
    assert high / low == pytest.approx(100, rel=1e-15)


def test_twice_the_curvature_is_twice_the_cost():
    for kind in (problems.Parabola, problems.Bowl, problems.Ravine):
        theta = points(kind())
        assert np.allclose(kind(curvature=4.0).cost(theta), 2 * kind().cost(theta), rtol=1e-15)


def test_where_a_point_is_is_measured():
    theta = points(problems.Himmelblau(), 3)
    measured = problems.Himmelblau().measure(theta)
    assert np.column_stack([measured["w1"], measured["w2"]]).tolist() == theta.tolist()
    assert not {"w2", "w3"} & problems.Parabola().measure(theta[:, :1]).keys()


def test_minima_of_a_linear_network_are_a_manifold_whose_flattest_points_are_balanced():
    landscape = problems.UV(width=4, target=3.0)
    rng = np.random.default_rng(0)
    u = rng.normal(size=(50, 4))
    u *= (3.0 * 2 / (u * u).sum(axis=1, keepdims=True)) ** 0.5  # |u|² = y √n
    stretch = np.linspace(1, 3, 50)[:, None]
    theta = np.concatenate([u * stretch, u / stretch], axis=1)
    assert landscape.cost(theta) == pytest.approx(0, abs=1e-28)
    sharpness = np.linalg.eigvalsh(landscape.hessian(theta))[:, -1]
    assert sharpness == pytest.approx((theta * theta).sum(axis=1) / 4)
    assert sharpness[0] == pytest.approx(2 * 3.0 / 2) and (np.diff(sharpness) > 0).all()


def test_many_coordinates_are_not_measured():
    wide = problems.UV(width=3)
    assert set(wide.measure(points(wide, 2))) == {"cost", "gradient_norm"}


def test_number_of_minima():
    assert len(problems.Himmelblau().minima) == 4
    assert len(problems.DoubleWell().minima) == 2
    assert len(problems.Rastrigin().minima) == 11**2


def test_the_ridge_of_the_double_well_is_its_local_maximum():
    well = problems.DoubleWell(tilt=0.3)
    left, right = well.minima[:, 0]
    assert left < well.ridge < right
    ridge = np.array([[well.ridge]])
    assert abs(gradient(well, ridge)) < 1e-15
    assert well.hessian(ridge) < 0


def test_start_is_given_or_drawn_from_the_box():
    given = problems.Himmelblau(start=[1, -2])
    assert given.initial(np.random.default_rng(0)).tolist() == [1, -2]
    drawn = [problems.Himmelblau().initial(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert (drawn[0] == drawn[1]).all() and (drawn[0] != drawn[2]).all()
    assert np.abs(drawn).max() <= 6


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (problems.Parabola, {"start": [1, 2]}, "start must have 1 coordinate, got 2: [1, 2]"),
        (problems.Bowl, {"start": [1]}, "start must have 2 coordinates, got 1: [1]"),
        (problems.Bowl, {"start": [1, "a"]}, "start must be a finite number, got 'a'"),
        (problems.Bowl, {"start": [1, float("nan")]}, "start must be a finite number, got nan"),
        (problems.Ravine, {"condition": 0.5}, "condition must be at least 1, got 0.5"),
        (problems.Parabola, {"curvature": 0}, "curvature must be greater than 0, got 0"),
        (problems.Bowl, {"curvature": [1, 2]}, "curvature must be one number, got [1, 2]"),
        (problems.Ravine, {"curvature": "steep"}, "curvature must be a finite number, got 'steep'"),
        (problems.DoubleWell, {"tilt": 2}, "tilt must lie in (0, 1.5396), got 2"),
        (problems.UV, {"width": 0}, "width must be a whole number of at least 1, got 0"),
        (problems.Bowl, {"dtype": "int8"}, "dtype must be one of float32, float64, got 'int8'"),
    ],
)
def test_bad_settings_are_named(kind, settings, message):
    with pytest.raises(ValueError, match=exactly(message)):
        kind(**settings)


@pytest.mark.parametrize("kind", [problems.Parabola, problems.Bowl, problems.Ravine])
@pytest.mark.parametrize("curvature", [0.1, 2.0, 8.0])
def test_the_curvature_of_a_quadratic_is_its_largest_eigenvalue(kind, curvature):
    landscape = kind(curvature=curvature)
    theta = points(landscape, 3)
    assert np.linalg.eigvalsh(landscape.hessian(theta))[:, -1] == pytest.approx(curvature)
    gradient = np.empty_like(theta)
    landscape.gradient(theta, gradient)
    assert gradient == pytest.approx(np.einsum("rij,rj->ri", landscape.hessian(theta), theta - landscape.minima))
