// See help.hpp.
#include "cli/help.hpp"

#include "cli/option_table.hpp"
#include "cli/verb_table.hpp"

#include <sandbox/process.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sandbox::cli {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t text_column = 30;

constexpr std::string_view opening =
    "Usage: sandbox [OPTIONS] -- COMMAND [ARG]...\n"
    "       sandbox [OPTIONS]\n"
    "       sandbox VERB [OPTIONS] [NAME...]\n"
    "\n"
    "Runs COMMAND isolated from the host: the host's files are read-only, homes are\n"
    "hidden, the network is off, and nothing that runs inside outlives it. Without\n"
    "COMMAND, an interactive /bin/sh. An option is written --name VALUE or\n"
    "--name=VALUE.\n";

struct ExitStatus {
    std::string_view status;
    std::string_view meaning;
};

constexpr std::array exit_statuses{
    ExitStatus{"N", "COMMAND's own exit status."},
    ExitStatus{"128+N", "Signal N ended COMMAND."},
    ExitStatus{"124", "Its time was up (--timeout, --cpu-time)."},
    ExitStatus{"125", "The sandbox could not be set up, or was used wrongly: a message on stderr says why."},
    ExitStatus{"126", "COMMAND was found but cannot be executed."},
    ExitStatus{"127", "COMMAND was not found."},
};

/// `  label   text`, the text wrapped in a column of its own, which starts on the next line where the label is too
/// wide.
std::string entry(std::string_view label, std::string_view text) {
    std::string out;
    std::string line = "  ";
    line += label;
    if (line.size() + 2 > text_column) {
        out += line + "\n";
        line.clear();
    }
    line.resize(text_column, ' ');
    bool first_word = true;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size() == text.size() ? word.size() : word.size() + 1);
        if (!first_word && line.size() + 1 + word.size() > width) {
            out += line + "\n";
            line.assign(text_column, ' ');
            first_word = true;
        }
        line += first_word ? "" : " ";
        line += word;
        first_word = false;
    }
    return out + line + "\n";
}

std::string label(std::string_view name, std::string_view argument) {
    return "--" + std::string(name) + (argument.empty() ? "" : " ") + std::string(argument);
}

std::string label(const Verb& verb) {
    return std::string(verb.name) + (verb.arguments.empty() ? "" : " ") + std::string(verb.arguments);
}

}  // namespace

std::string help_text() {
    std::string text(opening);
    std::optional<Section> section;
    for (const Option& option : option_table) {
        if (section != option.section) {
            section = option.section;
            text += "\n" + std::string(heading(option.section)) + ":\n";
        }
        text += entry(label(option.name, option.argument), option.help);
    }
    text += "\nVerbs:\n";
    for (const Verb& verb : verb_table) {
        text += entry(label(verb), verb.help);
    }
    text += "\nExit status:\n";
    for (const ExitStatus& row : exit_statuses) {
        text += entry(row.status, row.meaning);
    }
    return text + "\nsandbox VERB --help says more of a verb. More in sandbox(1).\n";
}

std::string verb_help(const Verb& verb) {
    std::string text = "Usage: sandbox " + label(verb) + "\n\n" + std::string(verb.help) + "\n";
    bool first = true;
    for (const VerbOption& option : verb_options) {
        if (option.verb == verb.id) {
            text += first ? "\nOptions:\n" : "";
            text += entry(label(option.name, option.argument), option.help);
            first = false;
        }
    }
    return text + "\nMore in sandbox" + (verb.id == VerbId::gc ? "" : "-" + std::string(verb.name)) + "(1).\n";
}

std::string version_text() {
    return "sandbox " + std::string(version()) + "\n";
}

}  // namespace sandbox::cli
