//! Thresholds and measured curve of the built-in model. Written by `cargo xtask train`; do not edit by hand.

use super::CurvePoint;

/// At or above this score a post may be hidden: about nine of ten posts up there belong in private.
pub const ACT_AT: f64 = 0.65;

/// At or above this score a post gets the gentle answer that says where security questions go, and its class is a
/// private one.
pub const REPLY_AT: f64 = 0.05;

/// Measured by cross-validation on projects that were not trained on, lowest threshold first.
#[rustfmt::skip]
pub const CURVE: &[CurvePoint] = &[
    CurvePoint { score: 0.005, recall: 0.912, false_alarms: 12.71, hard_false_alarms: 0.1394 },
    CurvePoint { score: 0.01, recall: 0.897, false_alarms: 5.64, hard_false_alarms: 0.1051 },
    CurvePoint { score: 0.02, recall: 0.853, false_alarms: 2.87, hard_false_alarms: 0.0648 },
    CurvePoint { score: 0.03, recall: 0.824, false_alarms: 2.46, hard_false_alarms: 0.0526 },
    CurvePoint { score: 0.05, recall: 0.809, false_alarms: 1.64, hard_false_alarms: 0.0416 },
    CurvePoint { score: 0.075, recall: 0.765, false_alarms: 1.13, hard_false_alarms: 0.0318 },
    CurvePoint { score: 0.1, recall: 0.750, false_alarms: 0.72, hard_false_alarms: 0.0269 },
    CurvePoint { score: 0.15, recall: 0.750, false_alarms: 0.72, hard_false_alarms: 0.0208 },
    CurvePoint { score: 0.2, recall: 0.676, false_alarms: 0.51, hard_false_alarms: 0.0183 },
    CurvePoint { score: 0.25, recall: 0.647, false_alarms: 0.41, hard_false_alarms: 0.0171 },
    CurvePoint { score: 0.3, recall: 0.618, false_alarms: 0.41, hard_false_alarms: 0.0159 },
    CurvePoint { score: 0.4, recall: 0.588, false_alarms: 0.10, hard_false_alarms: 0.0134 },
    CurvePoint { score: 0.5, recall: 0.529, false_alarms: 0.00, hard_false_alarms: 0.0086 },
    CurvePoint { score: 0.6, recall: 0.485, false_alarms: 0.00, hard_false_alarms: 0.0037 },
    CurvePoint { score: 0.65, recall: 0.441, false_alarms: 0.00, hard_false_alarms: 0.0012 },
    CurvePoint { score: 0.7, recall: 0.426, false_alarms: 0.00, hard_false_alarms: 0.0012 },
    CurvePoint { score: 0.75, recall: 0.397, false_alarms: 0.00, hard_false_alarms: 0.0000 },
    CurvePoint { score: 0.8, recall: 0.353, false_alarms: 0.00, hard_false_alarms: 0.0000 },
    CurvePoint { score: 0.85, recall: 0.309, false_alarms: 0.00, hard_false_alarms: 0.0000 },
    CurvePoint { score: 0.9, recall: 0.265, false_alarms: 0.00, hard_false_alarms: 0.0000 },
    CurvePoint { score: 0.95, recall: 0.221, false_alarms: 0.00, hard_false_alarms: 0.0000 },
];
