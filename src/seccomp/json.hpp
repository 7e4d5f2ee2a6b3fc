// JSON (RFC 8259) to a tree that knows where everything stood, so that what reads it can say which line is wrong. Pure.
//
// One translation unit includes the parser (json.cpp): it takes seconds to compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandbox::seccomp {

/// Nothing that anybody writes by hand or finds in a distribution comes near any of them.
inline constexpr std::size_t most_json_bytes = std::size_t{1} << 20;
inline constexpr std::size_t most_json_depth = 16;
inline constexpr std::size_t most_json_keys = 64;  ///< of one object

/// A text that is not what it should be. what() says where and why, `line 3: ...`, without the name of a file; text
/// from the file in it is as it stood there.
class BadProfile : public std::runtime_error {
  public:
    BadProfile(std::size_t line, const std::string& why)
        : std::runtime_error("line " + std::to_string(line) + ": " + why) {}
};

struct Json {
    enum class Kind : std::uint8_t { null, boolean, number, other_number, string, array, object };
    Kind kind = Kind::null;
    std::size_t line = 1;          ///< where it ends, or for an array or an object: begins
    std::uint64_t number = 0;      ///< of `number`, which is whole and not negative; `other_number` is what is not
    std::string text = {};         ///< of a string
    std::vector<Json> items = {};  ///< of an array; the values of an object
    std::vector<std::string> keys = {};  ///< of an object, one for each item; no key stands twice
};

/// Throws BadProfile: for what is no JSON, a key that stands twice in one object, more of anything than above.
[[nodiscard]] Json parse_json(std::string_view text);

}  // namespace sandbox::seccomp
