// Strict parsers of the values that people type: ids, sizes, octal modes, seconds, durations. Pure.
//
// All of the text must be the value: a sign, a suffix that is not listed, a blank or trailing text is refused, and so
// is what does not fit. Each throws BadValue.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sandbox::spec {

/// A text that is not the value asked for. what() says why, without naming the text.
class BadValue : public std::runtime_error {
  public:
    explicit BadValue(const std::string& why, std::string fix = {}) : std::runtime_error(why), fix_(std::move(fix)) {}
    /// What to write instead, where that is known; else empty.
    [[nodiscard]] const std::string& fix() const noexcept { return fix_; }

  private:
    std::string fix_;
};

/// A uid or gid, 0..4294967294: 4294967295 is -1, which the kernel reads as "leave it as it is".
[[nodiscard]] std::uint32_t parse_id(std::string_view text);

/// Bytes: digits, and K, M, G or T, in either case, for powers of 1024.
[[nodiscard]] std::uint64_t parse_size(std::string_view text);

/// Permission bits in octal, 0..07777.
[[nodiscard]] int parse_descriptor(std::string_view text);
[[nodiscard]] std::uint32_t parse_mode(std::string_view text);

/// A signed number of seconds: digits, and s, m, h or d for seconds, minutes, hours, days; `-` in front where negative.
[[nodiscard]] std::int64_t parse_seconds(std::string_view text);

/// A duration: digits, a point and up to nine digits behind it where that is wanted, and ms, s, m, h or d. Without a
/// unit it is seconds.
[[nodiscard]] std::chrono::nanoseconds parse_duration(std::string_view text);

}  // namespace sandbox::spec
