// std::visit with one function for each alternative.
#pragma once

namespace sandbox::plan {

template <class... Functions>
struct Overload : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
Overload(Functions...) -> Overload<Functions...>;

}  // namespace sandbox::plan
