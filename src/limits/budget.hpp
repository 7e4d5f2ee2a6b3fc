// How much output may still pass: one account for all that the launcher passes on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sandbox::limits {

class Budget {
  public:
    explicit Budget(std::uint64_t most) noexcept : left_(most) {}

    /// How much of that may pass. Less than all: the limit is reached.
    [[nodiscard]] std::size_t take(std::size_t wanted) noexcept {
        const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left_));
        left_ -= taken;
        exceeded_ = exceeded_ || taken < wanted;
        return taken;
    }
    [[nodiscard]] bool exceeded() const noexcept { return exceeded_; }

  private:
    std::uint64_t left_;
    bool exceeded_ = false;
};

}  // namespace sandbox::limits
