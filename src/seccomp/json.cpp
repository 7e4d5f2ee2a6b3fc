#include "seccomp/json.hpp"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

namespace sandbox::seccomp {
namespace {

/// Bytes of the text, of which it is known how many were read: the parser itself tells no place but that of an error.
class Reader {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Reader(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
    reference operator*() const { return *at_; }
    Reader& operator++() {
        ++at_;
        *furthest_ = std::max(*furthest_, at_);
        return *this;
    }
    Reader operator++(int) {
        const Reader former = *this;
        ++*this;
        return former;
    }
    friend bool operator==(const Reader& one, const Reader& other) { return one.at_ == other.at_; }

  private:
    const char* at_;
    const char** furthest_;
};

/// Makes the tree of what the parser finds. Each function is one of nlohmann::json_sax.
class Builder {
  public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    explicit Builder(std::string_view text) : begin_(text.data()), furthest_(begin_) {}

    [[nodiscard]] Reader reader_at(std::size_t offset) { return {begin_ + offset, &furthest_}; }
    [[nodiscard]] Json take() { return std::move(root_); }

    bool null() { return add({Json::Kind::null}); }
    bool boolean(bool) { return add({Json::Kind::boolean}); }
    bool number_integer(number_integer_t) { return add({Json::Kind::other_number}); }
    bool number_unsigned(number_unsigned_t value) { return add({Json::Kind::number, 1, value}); }
    bool number_float(number_float_t, const string_t&) { return add({Json::Kind::other_number}); }
    bool string(string_t& value) { return add({Json::Kind::string, 1, 0, std::move(value)}); }
    bool binary(binary_t&) { return false; }
    bool start_object(std::size_t) { return open(Json::Kind::object); }
    bool end_object() { return close(); }
    bool start_array(std::size_t) { return open(Json::Kind::array); }
    bool end_array() { return close(); }

    bool key(string_t& name) {
        Json& object = *open_.back();
        if (std::ranges::find(object.keys, name) != object.keys.end()) {
            throw BadProfile(line(), "\"" + name + "\" stands twice in one object");
        }
        if (object.keys.size() == most_json_keys) {
            throw BadProfile(line(), "more than " + std::to_string(most_json_keys) + " keys in one object");
        }
        object.keys.push_back(std::move(name));
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
        std::string why = error.what();
        if (const std::size_t column = why.find(", column "); column != std::string::npos) {
            why.erase(0, why.find(": ", column) + 2);
        }
        throw BadProfile(line(), "not JSON: " + why);
    }

  private:
    // A number ends before what follows it, which is read by then.
    [[nodiscard]] std::size_t line(bool one_ahead = false) const {
        const char* const end = one_ahead && furthest_ != begin_ ? furthest_ - 1 : furthest_;
        return 1 + static_cast<std::size_t>(std::count(begin_, end, '\n'));
    }

    bool add(Json value) {
        value.line = line(value.kind == Json::Kind::number || value.kind == Json::Kind::other_number);
        place() = std::move(value);
        return true;
    }
    /// Where the next value goes. One value without anything around it is a text of JSON, too.
    Json& place() { return open_.empty() ? root_ : open_.back()->items.emplace_back(); }
    bool open(Json::Kind kind) {
        if (open_.size() == most_json_depth) {
            throw BadProfile(line(), "nested more than " + std::to_string(most_json_depth) + " deep");
        }
        Json& value = place();
        value.kind = kind;
        value.line = line();
        open_.push_back(&value);
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    const char* begin_;
    const char* furthest_;
    Json root_;
    std::vector<Json*> open_;  ///< what is not closed yet; only the last one grows, so that the others stay in place
};

}  // namespace

Json parse_json(std::string_view text) {
    if (text.size() > most_json_bytes) {
        throw BadProfile(1, "more than " + std::to_string(most_json_bytes >> 20) + " MiB");
    }
    Builder builder(text);
    nlohmann::json::sax_parse(builder.reader_at(0), builder.reader_at(text.size()), &builder);
    return builder.take();
}

}  // namespace sandbox::seccomp
