// An Error as the text that a person reads.
#include "spec/escape.hpp"

#include <sandbox/error.hpp>

#include <cstring>
#include <string_view>

namespace sandbox {
namespace {

/// `ENOENT (No such file or directory)`. Both names are constants of the C library: no locale, no lock.
std::string error_name(int error) {
    const char* const name = strerrorname_np(error);
    const char* const description = strerrordesc_np(error);
    if (name == nullptr || description == nullptr) {
        return "errno " + std::to_string(error);
    }
    return std::string(name) + " (" + description + ")";
}

std::string step_line(const FailedStep& step) {
    std::string line = "  step: " + std::to_string(step.index) + " " + spec::escaped(step.name);
    if (!step.subject.empty()) {
        line += " " + spec::escaped(step.subject);
    }
    if (step.error != 0) {
        line += ": " + error_name(step.error);
    }
    return line + "\n";
}

/// Further lines of a fix are indented, so that none can pass for a message of its own.
std::string fix_lines(std::string_view fix) {
    std::string lines;
    std::string_view indent = "  fix: ";
    while (!fix.empty()) {
        const std::string_view line = fix.substr(0, fix.find('\n'));
        lines += indent;
        lines += spec::escaped(line) + "\n";
        fix.remove_prefix(line.size() == fix.size() ? line.size() : line.size() + 1);
        indent = "       ";
    }
    return lines;
}

}  // namespace

std::string render(const Error& error) {
    std::string text = "sandbox: " + spec::escaped(error.what()) + "\n";
    if (error.step()) {
        text += step_line(*error.step());
    }
    return text + fix_lines(error.fix());
}

}  // namespace sandbox
