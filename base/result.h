#pragma once

#include <utility>

#include <boost/system/result.hpp>

#include "base/error.h"

namespace alcove {

// A value or the Error that stands in its place. boost::system::result, but not to be ignored.
// Use: `if (!r) return r.error();`, `*r`, `r->`. Never call value(): it would throw.
template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
 public:
  using boost::system::result<T, Error>::result;
};

// Success, or an Error. `return {};` is success.
using Status = Result<void>;

}  // namespace alcove

// The value of `expression`, or a return of its error from the enclosing function.
// Stands alone: `auto x = TRY(f());` or `TRY(f());`, never inside another expression, where the
// parts already built would not be destroyed on the way out.
#define TRY(expression)                              \
  __extension__({                                    \
    auto try_result_ = (expression);                 \
    if (!try_result_) return std::move(try_result_).error(); \
    *std::move(try_result_);                         \
  })
