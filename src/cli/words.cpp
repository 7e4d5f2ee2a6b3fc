#include "cli/words.hpp"

#include "cli/nearest.hpp"
#include "cli/quote.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

namespace sandbox::cli {

std::string dashed(std::string_view name) {
    return "--" + std::string(name);
}

void refuse_unknown(const Word& word, std::span<const Form> options, const std::string& where_to_look) {
    std::vector<std::string_view> names;
    std::ranges::transform(options, std::back_inserter(names), &Form::name);
    std::string_view typed = word.text;
    typed = typed.substr(0, typed.find('='));
    typed.remove_prefix(std::min(typed.find_first_not_of('-'), typed.size()));
    const std::string_view near = nearest(typed, names);
    throw Error(quoted(word.text) + ": no such option")
        .with_fix(near.empty() ? where_to_look : "did you mean --" + std::string(near) + "?");
}

void check_form(const Form& option, const Word& word) {
    const std::string name = dashed(option.name);
    if (word.misuse == Misuse::takes_none) {
        throw Error(name + ": takes no value");
    }
    if (word.misuse == Misuse::needs_value) {
        throw Error(name + ": needs a value").with_fix(name + " " + std::string(option.argument));
    }
    if (!option.takes_value()) {
        return;
    }
    const std::string& value = word.value.value();
    // Taken as a value, a forgotten one would silently swallow the next option.
    if (word.value_is_next_word && value.starts_with("--")) {
        throw Error(name + ": needs a value, and " + quoted(value) + " looks like an option")
            .with_fix(name + " " + std::string(option.argument) + ", or " + quoted(name + "=" + value) +
                      " where that is the value");
    }
    if (value.empty()) {
        throw Error(name + " '': needs a value that is not empty").with_fix(name + " " + std::string(option.argument));
    }
}

}  // namespace sandbox::cli
