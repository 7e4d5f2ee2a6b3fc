#include "cli/verb_call.hpp"

#include "cli/program_options.hpp"
#include "cli/quote.hpp"
#include "cli/words.hpp"

#include <sandbox/error.hpp>

#include <algorithm>

namespace sandbox::cli {
namespace {

constexpr Form help_form{"help", ""};

std::string usage(const Verb& verb) {
    return "sandbox " + std::string(verb.name) + (verb.arguments.empty() ? "" : " ") + std::string(verb.arguments);
}

std::vector<Form> forms_of(const Verb& verb) {
    std::vector<Form> forms = {help_form};
    for (const VerbOption& option : verb_options) {
        if (option.verb == verb.id) {
            forms.push_back({option.name, option.argument});
        }
    }
    return forms;
}

const VerbOption* find_option(const Verb& verb, std::string_view name) {
    const auto* const found = std::ranges::find_if(
        verb_options, [&](const VerbOption& option) { return option.verb == verb.id && option.name == name; });
    return found == verb_options.end() ? nullptr : found;
}

void take_option(VerbCall& call, const Verb& verb, const Word& word, std::span<const Form> forms) {
    const std::string where = std::string(verb.name) + ": ";
    if (word.option == help_form.name) {
        check_form(help_form, word);
        call.help = true;
        return;
    }
    const VerbOption* const option = find_option(verb, word.option);
    if (option == nullptr) {
        refuse_unknown(word, forms, "sandbox " + std::string(verb.name) + " --help lists its options");
    }
    check_form({option->name, option->argument}, word);
    std::vector<std::string>& values = call.options[option->id];
    if (!values.empty() && option->repeat == Repeat::once) {
        throw Error(where + dashed(option->name) + " " + quoted(word.value.value_or("")) +
                    ": the option was already given")
            .with_fix("give it once");
    }
    values.push_back(word.value.value_or(""));
}

void check_words(const VerbCall& call, const Verb& verb) {
    const std::string name(verb.name);
    const bool too_many =
        (verb.words == Words::none && !call.words.empty()) || (verb.words == Words::one && call.words.size() > 1);
    if (too_many) {
        const std::string& word = verb.words == Words::none ? call.words.front() : call.words[1];
        if (verb.command && call.command.empty()) {
            std::vector<std::string> meant = {"sandbox", name, call.words.front(), "--"};
            meant.insert(meant.end(), call.words.begin() + 1, call.words.end());
            throw Error(name + " " + quoted(word) + ": a command stands behind --").with_fix(command_line(meant));
        }
        throw Error(name + " " + quoted(word) + ": " +
                    (verb.words == Words::none          ? "the verb takes no arguments"
                     : verb.subject == Subject::changes ? "the verb takes one directory"
                                                        : "the verb takes one name"))
            .with_fix(usage(verb) + "; a command of that name: sandbox -- " + name);
    }
    if (std::ranges::find(call.words, "") != call.words.end()) {
        throw Error(name + " '': an argument is empty").with_fix(usage(verb));  // as of a variable that is not set
    }
    if (call.words.empty() && (verb.words == Words::one || verb.words == Words::some)) {
        const char* const what = verb.subject == Subject::changes ? "a directory of changes" : "the name of a sandbox";
        throw Error(name + ": " + what + " is missing").with_fix(usage(verb));
    }
}

}  // namespace

std::optional<std::string> VerbCall::value(VerbOptionId option) const {
    const auto found = options.find(option);
    return found == options.end() ? std::nullopt : std::optional(found->second.back());
}

VerbCall parse_verb(const Verb& verb, std::span<const std::string> arguments) {
    VerbCall call;
    call.id = verb.id;
    const auto separator = std::ranges::find(arguments, "--");
    const bool paths = verb.subject == Subject::changes;  // which may begin with a dash, behind --
    if (separator != arguments.end() && !paths) {
        if (!verb.command) {
            throw Error(std::string(verb.name) + " --: the verb takes no command").with_fix(usage(verb));
        }
        call.command.assign(separator + 1, arguments.end());
    }
    const std::vector<Form> forms = forms_of(verb);
    for (const Word& word : split({arguments.begin(), separator}, forms)) {
        if (word.text.starts_with('-')) {
            take_option(call, verb, word, forms);
        } else {
            call.words.push_back(word.text);
        }
    }
    if (separator != arguments.end() && paths) {
        call.words.insert(call.words.end(), separator + 1, arguments.end());
    }
    if (!call.help) {
        check_words(call, verb);
    }
    return call;
}

}  // namespace sandbox::cli
