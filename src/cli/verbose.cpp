// See verbose.hpp.
#include "cli/verbose.hpp"

#include "spec/escape.hpp"
#include "spec/namespaces.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sandbox::cli {
namespace {

std::string left(std::string_view text, std::size_t width) {
    std::string cell(text);
    cell.resize(std::max(width, cell.size()), ' ');
    return cell;
}

std::string right(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// Microseconds with one digit behind the point, rounded down.
std::string microseconds(std::int64_t nanoseconds) {
    const std::int64_t tenths = nanoseconds / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string step_line(const StepTime& step) {
    std::string line = right(std::to_string(step.index), 4) + right(microseconds(step.nanoseconds), 12) + "  ";
    line += spec::escaped(step.name);
    if (!step.subject.empty()) {
        line += " " + spec::escaped(step.subject);
    }
    return line + "\n";
}

/// A kind whose inode could not be read, because the kernel lacks it, is 0.
std::string inode(std::uint64_t number) {
    return number == 0 ? "-" : std::to_string(number);
}

std::string namespace_line(std::string_view name, std::string_view inside, std::string_view outside,
                           std::string_view state) {
    return left(name, 11) + left(inside, 12) + left(outside, 12) + std::string(state) + "\n";
}

std::string_view new_or_shared(const NamespaceInode& row) {
    if (row.inside == 0 || row.outside == 0) {
        return "-";
    }
    return row.inside == row.outside ? "shared" : "new";
}

}  // namespace

std::string refusal_line(const Refusal& refusal) {
    const char* const error = strerrorname_np(refusal.error);
    return "sandbox: refused: " + spec::escaped(refusal.call) +
           (refusal.error == 0 ? std::string()
            : error == nullptr ? " (" + std::to_string(refusal.error) + ")"
                               : " (" + std::string(error) + ")") +
           (refusal.times == 1 ? ", once, by" : ", " + std::to_string(refusal.times) + " times, first by") + " PID " +
           std::to_string(refusal.pid) + " (" + spec::escaped(refusal.program) + ")\n";
}

std::string verbose_text(const Trace& trace) {
    std::string text = "step          us  what\n";
    for (const StepTime& step : trace.steps) {
        text += step_line(step);
    }
    text += "\n" + namespace_line("namespace", "inside", "outside", "new/shared");
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const NamespaceInode& inodes = trace.namespaces.at(static_cast<std::size_t>(row.kind));
        text += namespace_line(row.name, inode(inodes.inside), inode(inodes.outside), new_or_shared(inodes));
    }
    text += trace.notes.empty() ? "" : "\n";
    for (const std::string& note : trace.notes) {
        text += "note: " + spec::escaped(note) + "\n";
    }
    return text;
}

}  // namespace sandbox::cli
