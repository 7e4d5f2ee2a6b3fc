#include "limits/cgroup_figures.hpp"

#include <algorithm>
#include <charconv>

namespace sandbox::limits {
namespace {

std::optional<std::uint64_t> number_at_start(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
}

/// Calls `act` for each line.
template <class Act>
void each_line(std::string_view text, const Act& act) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        act(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

/// Behind ` key=`.
std::optional<std::uint64_t> named_figure(std::string_view line, std::string_view key) {
    for (std::size_t at = line.find(key); at != std::string_view::npos; at = line.find(key, at + 1)) {
        const std::size_t end = at + key.size();
        if ((at == 0 || line[at - 1] == ' ') && end < line.size() && line[end] == '=') {
            return number_at_start(line.substr(end + 1));
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> single_figure(std::string_view text) {
    return number_at_start(text);
}

std::optional<std::uint64_t> keyed_figure(std::string_view text, std::string_view key) {
    std::optional<std::uint64_t> figure;
    each_line(text, [&](std::string_view line) {
        if (!figure && line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
            figure = number_at_start(line.substr(key.size() + 1));
        }
    });
    return figure;
}

std::uint64_t summed_figure(std::string_view text, std::string_view key) {
    std::uint64_t sum = 0;
    each_line(text, [&](std::string_view line) { sum += named_figure(line, key).value_or(0); });
    return sum;
}

std::optional<Pressure> pressure_figure(std::string_view text) {
    std::optional<Pressure> pressure;
    each_line(text, [&](std::string_view line) {
        const std::optional<std::uint64_t> total = named_figure(line, "total");
        if (!total) {
            return;
        }
        pressure = pressure.value_or(Pressure{});
        (line.starts_with("some") ? pressure->some : pressure->full) = std::chrono::microseconds(*total);
    });
    return pressure;
}

}  // namespace sandbox::limits
