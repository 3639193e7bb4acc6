#include "windrow/solve/linear_program.hpp"

#include <coin/Clp_C_Interface.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "windrow/kernel/error.hpp"

namespace windrow::solve {
namespace {

constexpr double kTolerance = 1e-9;

struct Deleter {
  void operator()(Clp_Simplex* model) const { Clp_deleteModel(model); }
};
using Model = std::unique_ptr<Clp_Simplex, Deleter>;

Model load(const LinearProgram& program) {
  Model model(Clp_newModel());
  Clp_setLogLevel(model.get(), 0);
  Clp_setPrimalTolerance(model.get(), kTolerance);
  Clp_setDualTolerance(model.get(), kTolerance);
  Clp_setPerturbation(model.get(), 100);  // none: the answer is a vertex of the problem as it was given
  Clp_loadProblem(model.get(), program.columns(), program.rows(), program.start.data(), program.row.data(),
                  program.value.data(), program.lower.data(), program.upper.data(), program.cost.data(),
                  program.row_lower.data(), program.row_upper.data());
  Clp_setOptimizationDirection(model.get(), -1);
  return model;
}

Status status_of(Clp_Simplex* model) {
  switch (Clp_status(model)) {
    case 0:
      return Status::optimal;
    case 1:
      return Status::infeasible;
    default:
      return Status::failed;
  }
}

LinearSolution read(Clp_Simplex* model, const std::vector<double>& cost, int rows) {
  LinearSolution solution;
  solution.status = status_of(model);
  solution.rounds = Clp_numberIterations(model);
  const double* x = Clp_primalColumnSolution(model);
  const double* price = Clp_dualRowSolution(model);
  solution.x.assign(x, x + cost.size());
  solution.price.assign(price, price + rows);
  for (std::size_t j = 0; j < cost.size(); ++j) solution.objective += cost[j] * solution.x[j];
  return solution;
}

// Clp's numbers for what a variable is.
constexpr int kBasic = 1;
constexpr int kAtUpper = 2;
constexpr int kAtLower = 3;

/// Fixes what any other optimum must keep: nonbasic columns and rows whose reduced cost is not 0. Returns how many
/// nonbasic ones stay free; with none the optimum is unique.
int fix_to_face(Clp_Simplex* model) {
  int open = 0;
  double* const lower = Clp_columnLower(model);
  double* const upper = Clp_columnUpper(model);
  const double* const x = Clp_primalColumnSolution(model);
  const double* const reduced = Clp_dualColumnSolution(model);
  for (int j = 0; j < Clp_numberColumns(model); ++j) {
    if (Clp_getColumnStatus(model, j) == kBasic || lower[j] == upper[j]) continue;
    if (std::abs(reduced[j]) > 10 * kTolerance)
      lower[j] = upper[j] = x[j];
    else
      ++open;
  }
  double* const row_lower = Clp_rowLower(model);
  double* const row_upper = Clp_rowUpper(model);
  const double* const activity = Clp_primalRowSolution(model);
  const double* const price = Clp_dualRowSolution(model);
  for (int r = 0; r < Clp_numberRows(model); ++r) {
    if (Clp_getRowStatus(model, r) == kBasic || row_lower[r] == row_upper[r]) continue;
    if (std::abs(price[r]) > 10 * kTolerance)
      row_lower[r] = row_upper[r] = activity[r];
    else
      ++open;
  }
  return open;
}

}  // namespace

LinearSolution maximise(const LinearProgram& program) {
  const Model model = load(program);
  Clp_dual(model.get(), 0);
  if (Clp_status(model.get()) > 1) Clp_primal(model.get(), 0);
  return read(model.get(), program.cost, program.rows());
}

LinearSolution maximise_lexicographically(const LinearProgram& program, const std::vector<std::vector<double>>& then) {
  const Model model = load(program);
  Clp_dual(model.get(), 0);
  if (Clp_status(model.get()) > 1) Clp_primal(model.get(), 0);
  LinearSolution solution = read(model.get(), program.cost, program.rows());
  if (solution.status != Status::optimal) return solution;
  // Later stages keep the prices of the first: they prove its optimum.
  const auto stage = [&](const std::vector<double>& cost) {
    for (std::size_t j = 0; j < cost.size(); ++j) Clp_objective(model.get())[j] = -cost[j];
    Clp_primal(model.get(), 0);
    if (Clp_status(model.get()) != 0) Clp_dual(model.get(), 0);
    const LinearSolution next = read(model.get(), program.cost, program.rows());
    solution.rounds += next.rounds;
    if (next.status != Status::optimal) return false;  // tolerances met: what is known stays
    solution.x = next.x;
    solution.objective = next.objective;
    return true;
  };
  int open = fix_to_face(model.get());
  for (const auto& cost : then) {
    if (open == 0) return solution;
    if (!stage(cost)) return solution;
    open = fix_to_face(model.get());
  }
  std::vector<double> cost(program.cost.size());
  for (std::size_t j = 0; j < cost.size() && open > 0; ++j) {
    if (Clp_columnLower(model.get())[j] == Clp_columnUpper(model.get())[j]) continue;
    cost[j] = 1;
    if (!stage(cost)) return solution;
    open = fix_to_face(model.get());
    cost[j] = 0;
  }
  return solution;
}

struct GrowingProgram::Model {
  solve::Model clp;
  std::vector<double> cost;
  int rows = 0;
  int pivots = 0;
  bool begun = false;

  LinearSolution read() {
    LinearSolution solution = solve::read(clp.get(), cost, rows);
    solution.rounds = pivots += solution.rounds;
    return solution;
  }
};

GrowingProgram::GrowingProgram(LinearProgram program) : model_(std::make_unique<Model>()) {
  model_->clp = load(program);
  model_->rows = program.rows();
  model_->cost = std::move(program.cost);
}
GrowingProgram::~GrowingProgram() = default;
GrowingProgram::GrowingProgram(GrowingProgram&&) noexcept = default;
GrowingProgram& GrowingProgram::operator=(GrowingProgram&&) noexcept = default;

void GrowingProgram::begin(const std::vector<char>& basic_column, const std::vector<char>& basic_row) {
  std::vector<unsigned char> status;
  status.reserve(basic_column.size() + basic_row.size());
  for (const char basic : basic_column) status.push_back(basic != 0 ? kBasic : kAtLower);
  for (const char basic : basic_row) status.push_back(basic != 0 ? kBasic : kAtUpper);
  Clp_copyinStatus(model_->clp.get(), status.data());
}

void GrowingProgram::then_maximise(const std::vector<double>& gain, LinearSolution& solution) {
  Clp_Simplex* const clp = model_->clp.get();
  if (fix_to_face(clp) == 0) return;
  std::copy(gain.begin(), gain.end(), Clp_objective(clp));
  Clp_primal(clp, 0);
  const LinearSolution next = model_->read();
  solution.rounds = next.rounds;
  if (next.status != Status::optimal) return;
  solution.x = next.x;
  solution.objective = next.objective;
}

bool GrowingProgram::basic_column(int column) const {
  return Clp_getColumnStatus(model_->clp.get(), column) == kBasic;
}

bool GrowingProgram::basic_row(int row) const {
  return Clp_getRowStatus(model_->clp.get(), row) == kBasic;
}

LinearSolution GrowingProgram::solve() {
  Clp_Simplex* const clp = model_->clp.get();
  if (model_->begun)
    Clp_primal(clp, 0);
  else
    Clp_dual(clp, 0);
  if (Clp_status(clp) > 1) model_->begun ? Clp_dual(clp, 0) : Clp_primal(clp, 0);
  model_->begun = true;
  return model_->read();
}

void GrowingProgram::add_columns(const LinearProgram& more) {
  Clp_addColumns(model_->clp.get(), more.columns(), more.lower.data(), more.upper.data(), more.cost.data(),
                 more.start.data(), more.row.data(), more.value.data());
  model_->cost.insert(model_->cost.end(), more.cost.begin(), more.cost.end());
}

}  // namespace windrow::solve
