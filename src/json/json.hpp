// JSON (RFC 8259) to a tree and back. The tree knows where everything stood, so that what reads it can say which line
// is wrong. Pure.
//
// One translation unit includes the parser (json.cpp): it takes seconds to compile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sandbox::json {

/// Nothing that anybody writes by hand or finds in a distribution comes near any of them.
inline constexpr std::size_t most_json_bytes = std::size_t{1} << 20;
inline constexpr std::size_t most_json_depth = 16;
inline constexpr std::size_t most_json_keys = 64;  ///< of one object

/// A text that is not what it should be. what() says where and why, `line 3: ...`, without the name of a file; text
/// from the file in it is as it stood there.
class BadText : public std::runtime_error {
  public:
    BadText(std::size_t line, const std::string& why)
        : std::runtime_error("line " + std::to_string(line) + ": " + why) {}
};

struct Json {
    enum class Kind : std::uint8_t { null, boolean, number, other_number, string, array, object };
    Kind kind = Kind::null;
    std::size_t line = 1;          ///< where it ends, or for an array or an object: begins
    std::uint64_t number = 0;      ///< of `number`, which is whole and not negative; `other_number` is what is not; of
                                   ///< a boolean 1 or 0
    std::string text = {};         ///< of a string
    std::vector<Json> items = {};  ///< of an array; the values of an object
    std::vector<std::string> keys = {};  ///< of an object, one for each item; no key stands twice

    /// The value of a key of an object; null where it has none, or where that is null.
    [[nodiscard]] const Json* find(std::string_view key) const;
    /// Adds to an object or an array.
    Json& add(std::string key, Json value);
    Json& add(Json value);
};

[[nodiscard]] Json object();
[[nodiscard]] Json array();
[[nodiscard]] Json boolean(bool value);
[[nodiscard]] Json number(std::uint64_t value);
/// Which may be negative.
[[nodiscard]] Json integer(std::int64_t value);
/// Bytes that are no UTF-8 make it an object `{"bytes":"HEX"}`: a path and an argument are any bytes.
[[nodiscard]] Json text(std::string_view value);
[[nodiscard]] Json texts(const std::vector<std::string>& values);

/// What text() made, or nothing for another value.
[[nodiscard]] std::optional<std::string> text_of(const Json& value);

/// Throws BadText: for what is no JSON, a key that stands twice in one object, more of anything than above.
[[nodiscard]] Json parse_json(std::string_view text, std::size_t most_bytes = most_json_bytes);

/// In one line, without one at the end. An `other_number` that was parsed is null.
[[nodiscard]] std::string write_json(const Json& value);
/// The same with nothing in it that a terminal would obey: what is no printable ASCII is escaped.
[[nodiscard]] std::string write_json_ascii(const Json& value);
/// In lines, indented by two, with one at the end: for people.
[[nodiscard]] std::string write_json_lines(const Json& value);

}  // namespace sandbox::json
