//! Logistic and softmax regression with a ridge, solved by L-BFGS. Deterministic: one thread, one order.

use crate::sparse::Sparse;

/// Steps at most.
const MAX_STEPS: usize = 200;

/// Pairs of steps and gradients that L-BFGS remembers.
const MEMORY: usize = 10;

/// Stops when a step improves the loss by less than this share.
const TOLERANCE: f64 = 1e-7;

/// What is to be fitted.
pub struct Problem<'a> {
    /// The features of all posts.
    pub features: &'a Sparse,
    /// The rows to learn from.
    pub rows: &'a [usize],
    /// For each post (not only the rows above) the outputs that are right, as bits. One output: bit 0 is "yes".
    pub targets: &'a [u8],
    /// For each post how much it counts.
    pub weights: &'a [f64],
    /// How many outputs: 1 is logistic, more are a softmax.
    pub outputs: usize,
    /// How strongly weights are pulled to zero, or to what is expected of them; the bias is not.
    pub ridge: f64,
    /// Columns that are expected to have another weight than zero, for the first output.
    pub expected: &'a [(usize, f64)],
}

/// What was fitted: `outputs` weights for each column, then `outputs` biases.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// How many outputs.
    pub outputs: usize,
    /// The numbers.
    pub numbers: Vec<f64>,
}

impl Fitted {
    /// The sums of one post.
    pub fn sums(&self, features: &Sparse, row: usize) -> Vec<f64> {
        sums(&self.numbers, self.outputs, features, row)
    }
}

fn sums(numbers: &[f64], outputs: usize, features: &Sparse, row: usize) -> Vec<f64> {
    let mut sums = numbers[features.columns() * outputs..].to_vec();
    for (column, value) in features.row(row) {
        let weights = &numbers[column * outputs..(column + 1) * outputs];
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += weight * value;
        }
    }
    sums
}

/// Fits.
pub fn fit(problem: &Problem<'_>) -> Fitted {
    let start = expected(problem);
    Fitted { outputs: problem.outputs, numbers: minimise(|at| loss(problem, &start, at), start.clone()) }
}

/// What the ridge pulls to.
fn expected(problem: &Problem<'_>) -> Vec<f64> {
    let mut expected = vec![0.0; (problem.features.columns() + 1) * problem.outputs];
    for (column, weight) in problem.expected {
        expected[column * problem.outputs] = *weight;
    }
    expected
}

/// The loss and its gradient.
fn loss(problem: &Problem<'_>, expected: &[f64], at: &[f64]) -> (f64, Vec<f64>) {
    let outputs = problem.outputs;
    let bias = problem.features.columns() * outputs;
    let mut loss = 0.0;
    let mut gradient = vec![0.0; at.len()];
    for ((slope, weight), expected) in gradient.iter_mut().zip(at).zip(&expected[..bias]) {
        let pulled = weight - expected;
        loss += 0.5 * problem.ridge * pulled * pulled;
        *slope = problem.ridge * pulled;
    }
    let mut slopes = vec![0.0; outputs];
    for &row in problem.rows {
        let weight = problem.weights[row];
        let target = problem.targets[row];
        let sums = sums(at, outputs, problem.features, row);
        loss += weight * one_loss(&sums, target, &mut slopes);
        slopes.iter_mut().for_each(|slope| *slope *= weight);
        for (column, value) in problem.features.row(row) {
            for (output, slope) in slopes.iter().enumerate() {
                gradient[column * outputs + output] += slope * value;
            }
        }
        for (output, slope) in slopes.iter().enumerate() {
            gradient[bias + output] += slope;
        }
    }
    (loss, gradient)
}

/// Loss of one post and its slope by each sum. With several right outputs, any of them is right.
fn one_loss(sums: &[f64], target: u8, slopes: &mut [f64]) -> f64 {
    if let [sum] = *sums {
        let probability = 1.0 / (1.0 + (-sum).exp());
        let yes = f64::from(target & 1);
        slopes[0] = probability - yes;
        return sum.max(0.0) - sum * yes + (-sum.abs()).exp().ln_1p();
    }
    let highest = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    let mut right = 0.0;
    for (output, sum) in sums.iter().enumerate() {
        slopes[output] = (sum - highest).exp();
        total += slopes[output];
        if target >> output & 1 == 1 {
            right += slopes[output];
        }
    }
    for (output, slope) in slopes.iter_mut().enumerate() {
        let share = if target >> output & 1 == 1 { *slope / right.max(1e-300) } else { 0.0 };
        *slope = *slope / total - share;
    }
    (total / right.max(1e-300)).ln()
}

/// L-BFGS with a backtracking search.
fn minimise(function: impl Fn(&[f64]) -> (f64, Vec<f64>), mut at: Vec<f64>) -> Vec<f64> {
    let (mut value, mut gradient) = function(&at);
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..MAX_STEPS {
        let mut direction = quasi_newton(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            memory.clear();
            direction = gradient.iter().map(|slope| -slope).collect();
            slope = -dot(&gradient, &gradient);
        }
        let mut step = if memory.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt().max(1.0) } else { 1.0 };
        let found = (0..30).find_map(|_| {
            let next: Vec<f64> = at.iter().zip(&direction).map(|(at, way)| at + step * way).collect();
            let (next_value, next_gradient) = function(&next);
            if next_value <= value + 1e-4 * step * slope {
                return Some((next, next_value, next_gradient));
            }
            step *= 0.5;
            None
        });
        let Some((next, next_value, next_gradient)) = found else { break };
        let moved: Vec<f64> = next.iter().zip(&at).map(|(next, at)| next - at).collect();
        let bent: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(next, before)| next - before).collect();
        let curvature = dot(&moved, &bent);
        if curvature > 1e-12 {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((moved, bent, curvature));
        }
        let gain = (value - next_value) / value.abs().max(1.0);
        (at, value, gradient) = (next, next_value, next_gradient);
        if gain < TOLERANCE {
            break;
        }
    }
    at
}

/// The direction of descent: the two loops of L-BFGS.
fn quasi_newton(gradient: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut way: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::new();
    for (moved, bent, curvature) in memory.iter().rev() {
        let share = dot(moved, &way) / curvature;
        add(&mut way, bent, -share);
        shares.push(share);
    }
    if let Some((_, bent, curvature)) = memory.last() {
        let scale = curvature / dot(bent, bent);
        way.iter_mut().for_each(|part| *part *= scale);
    }
    for ((moved, bent, curvature), share) in memory.iter().zip(shares.iter().rev()) {
        let back = dot(bent, &way) / curvature;
        add(&mut way, moved, share - back);
    }
    way
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], what: &[f64], times: f64) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what * times);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Made posts of which feature 0 means yes and feature 1 no; the others are noise.
    fn made(outputs: usize) -> (Sparse, Vec<u8>) {
        let mut random = Random::new(3);
        let mut features = Sparse::new(8);
        let mut targets = Vec::new();
        for _ in 0..200 {
            let yes = random.below(2) == 0;
            features.push([(usize::from(!yes), 1.0), (2 + random.below(6), 1.0)]);
            targets.push(if outputs == 1 { u8::from(yes) } else { 1 << u8::from(!yes) });
        }
        (features, targets)
    }

    fn fitted(outputs: usize, expected: &[(usize, f64)], ridge: f64) -> (Fitted, Sparse, Vec<u8>) {
        let (features, targets) = made(outputs);
        let rows: Vec<usize> = (0..targets.len()).collect();
        let weights = vec![1.0; rows.len()];
        let problem = Problem {
            features: &features,
            rows: &rows,
            targets: &targets,
            weights: &weights,
            outputs,
            ridge,
            expected,
        };
        (fit(&problem), features, targets)
    }

    #[test]
    fn what_can_be_told_apart_is_told_apart() {
        let (fitted, features, targets) = fitted(1, &[], 0.1);
        assert!(
            targets.iter().enumerate().all(|(row, target)| (fitted.sums(&features, row)[0] > 0.0) == (*target == 1))
        );
        assert!(fitted.numbers[0] > 2.0 && fitted.numbers[1] < -2.0, "{:?}", fitted.numbers);
        assert!(fitted.numbers[2..8].iter().all(|noise| noise.abs() < 0.5), "{:?}", fitted.numbers);
    }

    #[test]
    fn a_softmax_tells_classes_apart() {
        let (fitted, features, targets) = fitted(3, &[], 0.1);
        for (row, target) in targets.iter().enumerate() {
            let sums = fitted.sums(&features, row);
            let best = (0..3).max_by(|a, b| sums[*a].total_cmp(&sums[*b]));
            assert_eq!(best, Some(target.trailing_zeros() as usize), "{sums:?}");
        }
    }

    #[test]
    fn the_same_posts_give_the_same_numbers() {
        assert_eq!(fitted(3, &[], 0.1).0.numbers, fitted(3, &[], 0.1).0.numbers);
    }

    #[test]
    fn a_heavy_ridge_leaves_what_was_expected() {
        let (fitted, ..) = fitted(1, &[(1, 0.7)], 1e6);
        assert!((fitted.numbers[1] - 0.7).abs() < 1e-3 && fitted.numbers[0].abs() < 1e-3, "{:?}", fitted.numbers);
    }
}
