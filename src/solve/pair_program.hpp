// Problems with pairs on their columns, whoever names the pairs: `packed.hpp` lists them, `packed_jobs.hpp` knows their
// kinds.
#pragma once

#include <vector>

#include "solve/filling.hpp"
#include "solve/known_basis.hpp"
#include "solve/labels.hpp"
#include "solve/pair_interior.hpp"
#include "solve/ways.hpp"
#include "windrow/solve/linear_program.hpp"
#include "windrow/solve/water_filling.hpp"

namespace windrow::solve {

/// An allocation by ways, with its proof.
struct WayAnswer {
  Status status = Status::failed;
  Method method = Method::none;
  bool fell_back = false;
  int rounds = 0;
  std::vector<double> time;                           ///< [ways] summed over the jobs or pairs that each stands for
  std::vector<double> rate;                           ///< [rows] reached, per job
  std::vector<double> price, time_price, rate_price;  ///< [types], [rows], [rows]
  double theta = 0, objective = 0, bound = 0, gap = 0;
};

/// An upper bound by weak duality: the time prices are raised where a way is worth more than it costs.
double upper_bound(const Problem& alone, const std::vector<Way>& ways, const WayAnswer& prices);

/// The last prices that told what levels cannot be had, by the labels of their rows. What they are worth at other
/// levels, of other rows, is a bound there.
class KnownPrices {
 public:
  void keep(const std::vector<std::size_t>& labels, const WayAnswer& answer);
  std::size_t size() const { return kept_.size(); }
  /// Sets the prices to those of the last time, 0, or further back.
  void recall(std::size_t age, const std::vector<std::size_t>& labels, WayAnswer& answer);

 private:
  struct Kept {
    Labels labels;
    std::vector<double> price, time_price, rate_price;
  };
  std::vector<Kept> kept_;
  std::size_t next_ = 0;
};

/// Keeps its memory from call to call. The ways, measured, are of the problem that each call is given.
class PairProgram {
 public:
  Ways ways;

  /// What `tie_break` singles out; the simplex method on all ways where the intended one fails.
  /// `names`, of the rows: the interior point method begins where it was on the way to the last answer with names,
  /// the simplex method where it ended.
  void solve(const Problem& alone, TieBreak tie_break, WayAnswer& answer, const RowNames* names = nullptr);
  /// The simplex method on every way at once.
  void simplex(const Problem& alone, WayAnswer& answer);
  bool can_meet_floors(const Problem& alone, const RowNames* names = nullptr);
  /// `names`, of the rows: what cannot be is known in part from earlier fillings with names.
  WaterFilling fill(const Problem& alone, const Reweigh* reweigh, Filling filling, WayAnswer& last,
                    const RowNames* names = nullptr);
  struct Rho {
    double rho = 0, attained = 0;
    int rounds = 0;
  };
  /// `alone` is left with the weights that the optimum asks for; the answer's gap is that of rho. Status failed where a
  /// job never finishes.
  Rho finish_time_fairness(Problem& alone, const FinishTimes& times, TieBreak tie_break, WayAnswer& answer,
                           const RowNames* names = nullptr);

 private:
  void idle(const Problem& alone, WayAnswer& answer) const;
  void interior(const Problem& alone, double target_gap, WayAnswer& answer, const Tight* tight = nullptr,
                const RowNames* names = nullptr);
  /// Which vertex is looked for, and from where.
  struct Vertex {
    const RowNames* names = nullptr;
    KnownBasis* known = nullptr;  ///< where the last search ended, if the rows have names
    bool gives_most = false;      ///< of all optima
  };
  void generate(const Problem& alone, WayAnswer& answer) { generate(alone, answer, Vertex{}); }
  void generate(const Problem& alone, WayAnswer& answer, const Vertex& vertex);
  GrowingProgram begin(const Problem& alone, const Vertex& vertex, std::vector<std::size_t>& held);
  void keep(const Problem& alone, const Vertex& vertex, const GrowingProgram& growing,
            const std::vector<std::size_t>& held);
  void give_most(GrowingProgram& growing, const std::vector<std::size_t>& held, LinearSolution& found) const;
  bool foresee(const Problem& alone, const RowNames& names, double enough, WayAnswer& best);
  void lexicographic(const Problem& alone, WayAnswer& answer);
  void by_simplex(const Problem& alone, bool lexicographically, WayAnswer& answer);
  void fall_back(const Problem& alone, WayAnswer& answer);
  LinearProgram program_of(const Problem& alone, bool with_pairs);
  void add_to(LinearProgram& program, const Problem& alone, const Way& way);
  void read(const Problem& alone, const LinearSolution& found, WayAnswer& answer) const;
  void read(const Problem& alone, const PairInterior& found, WayAnswer& answer) const;
  void settle(const Problem& alone, WayAnswer& answer) const;

  PairInterior interior_;
  KnownPrices known_;
  KnownBasis optimum_, floors_, levels_, rates_;  ///< of solve, can_meet_floors, fill, finish_time_fairness
  Basis basis_;
  FillingRoom filling_;
  std::vector<std::size_t> open_;  ///< ways that may have time at the levels of the last filling
  std::vector<int> demand_;        ///< [rows] which row of the program, -1 where there is none
  std::vector<std::pair<int, double>> entries_;
};

}  // namespace windrow::solve
